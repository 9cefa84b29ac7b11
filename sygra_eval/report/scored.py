"""What judging candidates again came to: the verdicts that flipped, and who could not say."""

import json
from collections.abc import Iterator

from sygra_eval.engine import Scored
from sygra_eval.report.closing import closing_json
from sygra_eval.report.comparison import comparison_text
from sygra_eval.report.comparison_data import comparison_json
from sygra_eval.report.layout import wrapped


def scored_text(scored: Scored) -> str:
    """Return the comparison with the verdicts of before, for a terminal."""
    blocks = [*_changed(scored), *_unsupported(scored)]
    if scored.comparison is not None:
        blocks.insert(0, comparison_text(scored.comparison).rstrip("\n"))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def scored_json(scored: Scored) -> dict[str, object]:
    """Return the line of the new run, with the comparison beside it."""
    found = scored.comparison
    code = int(scored.summary.exit_code)
    return {
        **json.loads(closing_json(scored.summary)),
        "comparison": None if found is None else comparison_json(found, exit_code=code),
        "unsupported": list(scored.unsupported),
        "guardrails_not_asked": list(scored.guardrails),
        "changed": dict(scored.changed),
    }


def _changed(scored: Scored) -> Iterator[str]:
    if scored.comparison is None:
        return
    what = "; ".join(f"{name}: {why}" for name, why in scored.changed.items())
    again = "Every verdict was come to anew."
    told = f"{again} Not as in that run: {what}" if what else f"{again} No validator was changed"
    yield wrapped(told, indent="  ")


def _unsupported(scored: Scored) -> Iterator[str]:
    if scored.guardrails:
        named = ", ".join(f"`{name}`" for name in scored.guardrails)
        yield wrapped(
            f"unsupported: guardrails ({named}) are not asked again: what they said of that run's "
            "calls is in its own report",
            indent="  ",
        )
    for name in scored.unsupported:
        yield wrapped(
            f"`{name}` asks a model, and the run kept no such answer: its verdicts are errors. "
            "Only a new run can judge by it",
            indent="  ",
        )
