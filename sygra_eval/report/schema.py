"""The JSON Schema of `report.json`, draft 2020-12; `report.schema.json` is written from here.

`python -m sygra_eval.report.schema` writes it anew; a test compares the two.
"""

import json
from pathlib import Path
from typing import Any

from sygra_eval.report.document import SCHEMA_ID, SCHEMA_VERSION
from sygra_eval.report.queries import QUERIES

FILE = Path(__file__).with_name("report.schema.json")

_METHODS = (
    "count",
    "sum",
    "ratio",
    "wilson",
    "mean",
    "median",
    "nearest_rank",
    "max",
    "min",
    "noted",
    "clustered",
    "metric",
)
_FIGURE_REF = {"$ref": "#/$defs/figure"}
_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_FIGURES: dict[str, Any] = {"type": "object", "additionalProperties": _FIGURE_REF}


def report_schema() -> str:
    """Return the schema as it is published."""
    return FILE.read_text(encoding="utf-8")


def made_schema() -> dict[str, Any]:
    """Return the schema as it follows from this file."""
    sections = _sections()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "report.json of sygra_eval",
        "description": "Every figure is an object with the query that gives it (docs/reports.md).",
        "type": "object",
        "required": ["$schema", "schema_version", *sections],
        "properties": {
            "$schema": {"const": SCHEMA_ID},
            "schema_version": {"const": SCHEMA_VERSION},
            **sections,
        },
        "additionalProperties": False,
        "$defs": {"figure": _figure()},
    }


def _figure() -> dict[str, Any]:
    number = {"type": "number"}
    return {
        "type": "object",
        "required": ["value", "method", "query"],
        "properties": {
            "value": {"type": ["number", "null"]},
            "method": {"enum": list(_METHODS)},
            "query": {"enum": sorted(QUERIES)},
            "at": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
            "k": {"type": "integer", "minimum": 0},
            "n": {"type": "integer", "minimum": 0},
            "lower": number,
            "upper": number,
            "confidence": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "reason": {"type": "string", "minLength": 1},
            "estimated_by": _TEXT,
        },
        "additionalProperties": False,
        "dependentRequired": {"lower": ["upper"], "upper": ["lower"]},
        "if": {"properties": {"value": {"type": "null"}}},
        "then": {"required": ["reason"]},
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _figures(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _FIGURE_REF)


def _sections() -> dict[str, Any]:
    return {**_head(), **_of_rows(), **_of_judging(), **_of_loops(), **_of_spending(), **_tail()}


def _head() -> dict[str, Any]:
    return {
        "suite": _TEXT,
        "run": _TEXT,
        "suite_sha256": _TEXT,
        "version": _TEXT_OR_NULL,
        "made_by": _object(run=_TEXT_OR_NULL, report=_TEXT, figure=_TEXT),
        "environment": {"type": "object", "additionalProperties": _TEXT},
        "state": {"enum": ["running", "finished", "interrupted", "incomplete"]},
        "exit": {"type": "integer", "minimum": 0, "maximum": 7},
        "exit_reason": _TEXT,
        "gates": _list(
            _object(
                name=_TEXT,
                state={"enum": ["passed", "failed", "warned", "skipped", "error"]},
                reason=_TEXT,
                kind=_TEXT,
                metric=_TEXT,
                asks=_TEXT,
                group=_TEXT_OR_NULL,
                is_warning={"type": "boolean"},
                **_figures("figure", "errors", "skipped"),
            )
        ),
        "agreement": _list(
            _object(
                name=_TEXT,
                raters=_TEXTS,
                statistic={"enum": ["kappa", "alpha"]},
                level=_TEXT,
                **_figures("beyond_chance", "observed", "rows", "clusters", "lone", "errors"),
                **_figures("labels", "unmatched"),
                examples=_TEXTS,
                pairs=_list(_object(ratings=_TEXT, **_figures("rows"))),
                note=_TEXT_OR_NULL,
            )
        ),
        "metrics": {
            "type": "object",
            "additionalProperties": _object(
                kind=_TEXT, direction=_TEXT, **_figures("figure", "errors", "skipped")
            ),
        },
    }


def _of_rows() -> dict[str, Any]:
    outcomes = _object(**_figures("verified", "rejected", "failed", "unjudged"))
    target = _object(
        verified={"type": "integer"},
        max_candidates={"type": ["integer", "null"]},
        last={"type": ["integer", "null"]},
    )
    return {
        "rows": _FIGURE_REF,
        "input": _list(
            _object(
                of=_TEXT,
                **_figures("read", "made"),
                parts=_FIGURES,
                examples={"type": "object", "additionalProperties": _TEXTS},
            )
        ),
        "outcomes": outcomes,
        **_figures("not_reached", "surplus", "deselected"),
        "repeats": {"type": "integer", "minimum": 1},
        "target": _or_null(target),
        "canaries": _or_null(_object(**_figures("rows", "verified"), examples=_TEXTS)),
        "questions": _or_null(_FIGURE_REF),
        "verified_rate": _FIGURE_REF,
        "outcome_rates": outcomes,
        "by_topic": _list(_object(topic=_TEXT, rate=_FIGURE_REF)),
        "by_model": _list(_object(role=_TEXT, model=_TEXT, rate=_FIGURE_REF)),
        "funnel": _list(_object(step=_TEXT, rows=_FIGURE_REF)),
        "edges": _list(_object(edge=_TEXT, **_figures("rows", "times"))),
        "causes": _list(
            _object(
                outcome={"enum": ["rejected", "failed"]},
                reason=_TEXT,
                rows=_FIGURE_REF,
                examples=_list(_object(row=_TEXT, reason=_TEXT)),
            )
        ),
    }


def _of_judging() -> dict[str, Any]:
    measured = _or_null(
        _object(**_figures("right", "wrong", "errors", "false_accept_rate", "false_reject_rate"))
    )
    rates = _figures("undecided", "false_accept_rate", "false_reject_rate")
    strength = _object(
        **_figures("rows", "median", "lowest", "weakly_tested"),
        weakest=_list(_object(row=_TEXT, score=_FIGURE_REF)),
    )
    said = _figures("pass", "fail", "error", "skip")
    return {
        "validators": _list(
            _object(
                validator=_TEXT,
                use=_TEXT_OR_NULL,
                required={"type": "boolean"},
                **said,
                time_s=_FIGURE_REF,
                measured=measured,
            )
        ),
        "measured": _object(source=_TEXT_OR_NULL, all_required=measured),
        "validator_errors": _list(_object(validator=_TEXT_OR_NULL, **rates)),
        "isolation": _TEXTS,
        "trust": _TEXTS,
        "grades": _FIGURES,
        "mutation_score": _or_null(strength),
        "flaky_rows": _FIGURE_REF,
        "hard_coding": _or_null(_object(rate=_FIGURE_REF, examples=_TEXTS)),
        "weak_tests": _or_null(_object(rate=_FIGURE_REF, reasons=_FIGURES, examples=_TEXTS)),
        "guardrails": _list(
            _object(guardrail=_TEXT, at=_TEXT, node=_TEXT_OR_NULL, **said, blocked=_FIGURE_REF)
        ),
    }


def _of_loops() -> dict[str, Any]:
    bought = _figures(
        "verified",
        "verified_so_far",
        "calls",
        "tokens",
        "cost_usd",
        "tokens_per_verified",
        "usd_per_verified",
    )
    number = {"type": "integer", "minimum": 0}
    return {
        "stop_reasons": {"type": "object", "additionalProperties": _FIGURES},
        "rounds": _list(_object(round=number, ended=_FIGURE_REF, **bought)),
        "samples": _list(_object(sample=number, **bought)),
        **_figures("sentinels_refused", "rows_with_refused_sentinel"),
        "critiques": _or_null(
            _object(
                **_figures("made", "stops", "ignored"),
                examples=_list(_object(row=_TEXT, round=number)),
            )
        ),
        "repaired_rows": _FIGURE_REF,
        "repaired": _TEXTS,
        "pass_rates": _or_null(
            _object(
                **_figures("rows", "judged", "drafts", "pass_at_1", "left_band"),
                by_difficulty={
                    "type": "object",
                    "additionalProperties": _object(**_figures("rows", "verified")),
                },
                unsolved=_TEXTS,
            )
        ),
        "several_models": _list(
            _object(
                node=_TEXT,
                label=_TEXT,
                **_figures("answered", "unanswered"),
                kept=_or_null(_FIGURE_REF),
                verified=_or_null(_FIGURE_REF),
            )
        ),
    }


def _of_spending() -> dict[str, Any]:
    spent = _figures(
        "calls",
        "calls_from_cache",
        "calls_from_plugins",
        "calls_batched",
        "calls_estimated",
        "calls_without_price",
        "json_repairs",
        "retries",
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "saved_tokens",
        "cost_usd",
        "known_usd",
        "batched_usd",
        "saved_usd",
        "latency_s",
    )
    times = ("wall_s", "model_s", "bound_s", "times_the_bound", "waiting_s", "working_s")
    limited = _object(
        model=_TEXT,
        limit={"enum": ["in_flight", "rpm", "tpm"]},
        at={"type": ["number", "null"]},
    )
    return {
        **_figures("calls", "calls_cached"),
        "spent": _object(**spent),
        "usd_per_verified_row": _FIGURE_REF,
        "spent_by_model": _list(_object(model=_TEXT, **spent)),
        "spent_by_step": _list(_object(step=_TEXT, **spent)),
        "latency": _list(
            _object(
                step=_TEXT,
                model=_TEXT,
                **_figures("calls", "p50_s", "p90_s", "p99_s", "slowest_s"),
            )
        ),
        "time": _object(**_figures(*times), limited_by=_or_null(limited), left_out=_TEXTS),
        "estimate": {"type": ["object", "null"]},
    }


def _tail() -> dict[str, Any]:
    return {
        "models": _list(_object(name=_TEXT, type=_TEXT, model=_TEXT)),
        "damaged_rows": _object(**_figures("absent", "met")),
        "warnings": _TEXTS,
        "queries": {"type": "object", "additionalProperties": _object(sql=_TEXT, about=_TEXT)},
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(made_schema(), indent=1) + "\n", encoding="utf-8")
