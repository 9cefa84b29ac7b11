"""What of a suite around its graph has no equivalent in SyGra: said by name, never dropped."""

from collections.abc import Mapping

from sygra_eval.suite import Suite
from sygra_eval.sygra.exporting.parts import Making

_WHY: Mapping[tuple[str, str], str] = {
    ("suite", "budget"): "SyGra has no budget: nothing ends the run when it is spent",
    ("suite", "cache"): "answers of earlier runs are not used again",
    ("suite", "record_timeout"): "no time bounds a record",
    ("suite", "repeat"): "each row is run once",
    ("suite", "strict_model"): "an answer of another model is taken",
    ("suite", "max_errors"): "SyGra ends with 0, however many rows failed",
    ("suite", "matrix"): "only this variant is written",
    ("quality", "target_verified"): "SyGra runs the rows it is given, and not until so many hold",
    ("quality", "max_candidates"): "SyGra runs the rows it is given",
    ("quality", "gates"): "no gate decides how the run ends",
    ("quality", "probes"): "weak tests are not looked for",
    ("quality", "canary"): "rows that nothing may verify raise no alarm",
    ("quality", "truth"): "how often the validators err is not counted",
    ("quality", "measured"): "how often the validators err is not shown",
    ("quality", "agreement"): "how far validators agree is not counted",
    ("quality", "cluster"): "SyGra gives no intervals",
    ("output_config", "shard_rows"): "SyGra writes one file",
    ("output_config", "compress"): "SyGra compresses nothing",
    ("graph_config", "max_visits"): "SyGra ends a record after 100 steps, whatever they are",
}
_SECTIONS: Mapping[str, str] = {
    "guardrails": "nothing looks at prompts and replies",
    "report": "SyGra writes no report",
    "card": "SyGra writes no data card",
    "images": "pictures were read once: data.jsonl holds them",
}


def leave_out_sections(suite: Suite, making: Making) -> None:
    """Say of each section and key that is there and has no equivalent what that means."""
    for (section, key), why in _WHY.items():
        inside = suite.document.get(section)
        if isinstance(inside, Mapping) and key in inside:
            making.leave_out((section, key), f"`{section}.{key}`: {why}")
    for section, why in _SECTIONS.items():
        if section in suite.document:
            making.leave_out((section,), f"`{section}`: {why}")
    source = suite.document.get("data_config")
    if isinstance(source, Mapping) and suite.pipeline is not None:
        making.leave_out(
            ("data_config",), "what is done to rows was done once: data.jsonl holds the outcome"
        )
