"""The last words of a run: for a person four answers, for a program one line.

How many rows are verified, where the files are, how to load them, how to look at one.
"""

import json
from collections import Counter
from collections.abc import Iterator

from sygra_eval.engine import RunSummary, estimate_to_json
from sygra_eval.report.tables import verified_words
from sygra_eval.report.text_safety import printable, python_literal, shell_word
from sygra_eval.values import Outcome

_RESUMABLE = ("interrupted", "incomplete")


def closing_words(
    summary: RunSummary, *, example_id: str | None = None, program: str = "sygra-eval"
) -> str:
    """Return the lines a user sees last; commands in them can be pasted as they stand.

    :param example_id: The row to show; by default the summary's example, a repaired or another
        verified row, else one that fell out.
    :param program: How this command is called from where the user is.
    """
    return "\n".join(_closing_lines(summary, example_id, program)) + "\n"


def closing_json(summary: RunSummary) -> str:
    """Return the line that ends standard output under `--json`; what is unknown is null."""
    stopped: Counter[str] = Counter()
    for reasons in summary.stop_reasons.values():
        stopped.update({reason.value: count for reason, count in reasons.items() if count})
    line: dict[str, object] = {
        "run": str(summary.folder.absolute()),
        "exit": int(summary.exit_code),
        "exit_reason": summary.exit_reason,
        "rows": summary.rows,
        **{outcome.value: summary.counts.get(outcome, 0) for outcome in Outcome},
        "not_reached": summary.not_reached,
        "surplus": summary.surplus,
        "deselected": summary.deselected,
        "target_verified": None if summary.target is None else summary.target.verified,
        "calls": summary.calls,
        "calls_cached": summary.calls_cached,
        "tokens": summary.prompt_tokens + summary.completion_tokens,
        "cost": summary.cost_usd,
        "stop_reasons": dict(sorted(stopped.items())),
        "gates": [gate.as_json() for gate in summary.gates],
        "canaries": _canaries(summary),
        "wall_s": round(summary.wall_s, 3),
        "estimate": None if summary.estimate is None else estimate_to_json(summary.estimate),
    }
    return json.dumps(line, allow_nan=False)


def _canaries(summary: RunSummary) -> dict[str, int] | None:
    found = summary.canaries
    return None if found is None else {"rows": found.rows, "verified": found.verified}


def _closing_lines(summary: RunSummary, example_id: str | None, program: str) -> Iterator[str]:
    verified, folder = summary.counts.get(Outcome.VERIFIED, 0), str(summary.folder.absolute())
    yield f"{verified_words(summary)}."
    if summary.canaries is not None and summary.canaries.verified:
        yield f"ALARM     {summary.exit_reason}: their tests contradict their text"
    yield f"files     {printable(folder)}"
    if verified:
        loaded = f'datasets.load_dataset({python_literal(folder)})["train"]'
        yield f"load      import datasets; rows = {loaded}"
    else:
        yield "load      nothing to load: without a verified row no verified.parquet is written"
    shown = _words_for(_row_to_show(summary, example_id))
    yield f"a row     {program} show {shell_word(folder)} {shown}"
    if summary.state in _RESUMABLE and summary.scored:
        yield f"go on     {program} score {shell_word(summary.scored)} (it begins again)"
    elif summary.state in _RESUMABLE:
        yield f"go on     {program} resume {shell_word(folder)}"


def _row_to_show(summary: RunSummary, example_id: str | None) -> str | None:
    fell_out = (row for cause in summary.causes for row in cause.examples)
    alarms = summary.canaries.examples if summary.canaries is not None else ()
    wanted = (example_id, *alarms[:1], summary.example_id, *summary.repaired[:1], *fell_out)
    return next((row for row in wanted if row), None)


def _words_for(row: str | None) -> str:
    """Return the arguments that name a row; without any, the name that the usage line has."""
    if row is None:
        return "ROW"
    return f"-- {shell_word(row)}" if row.startswith("-") else shell_word(row)
