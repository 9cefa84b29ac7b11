"""How sound a run's journal is, and what a repair kept, as text and as data."""

from collections.abc import Mapping

from sygra_eval.journal import JournalState, Repair
from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.text_safety import one_line, shell_word


def journal_text(state: JournalState, repair: Repair | None) -> str:
    """Return a table of the journal's tables, and sentences on what to do."""
    tables = sorted({*state.sound, *state.damaged})
    rows = [(name, _count(state.sound, name), _count(state.damaged, name)) for name in tables]
    lines = [grid(("table", "sound rows", "damaged"), ("left", "right", "right"), rows), ""]
    return "\n".join((*lines, *(wrapped(s, indent="  ") for s in _sentences(state, repair)))) + "\n"


def journal_json(state: JournalState, repair: Repair | None) -> dict[str, object]:
    """Return the same as data."""
    return {
        "run": str(state.path.parent),
        "is_sound": state.is_sound,
        "sound": dict(state.sound),
        "damaged": dict(state.damaged),
        "complaint": state.complaint or None,
        "repair": None
        if repair is None
        else {
            "rows": dict(repair.rows),
            "dug_out": repair.dug_out,
            "lost": dict(repair.lost),
            "old": str(repair.old),
        },
    }


def _sentences(state: JournalState, repair: Repair | None) -> list[str]:
    folder = shell_word(str(state.path.parent))
    if repair is not None:
        lost = sum(repair.lost.values())
        return [
            f"repaired: {sum(repair.rows.values())} rows are kept, {repair.dug_out} of them were "
            f"found in the raw file only; {lost} damaged rows are lost",
            f"the old journal is kept: {one_line(repair.old.name)}",
            f"go on with it: sygra-eval resume {folder}",
        ]
    if state.is_sound:
        return ["the journal is sound"]
    said = f"SQLite says: {one_line(state.complaint)}" if state.complaint else ""
    damaged = sum(state.damaged.values())
    told = f"the journal is damaged: {damaged} rows are not what was written, and count as absent"
    return [told, *([said] if said else []), f"repair it: sygra-eval doctor {folder} --repair"]


def _count(counts: Mapping[str, int], table: str) -> str:
    return str(counts.get(table, 0))
