"""What `sygra-eval verify RUN` found, as sentences and as data."""

from collections.abc import Iterator
from dataclasses import asdict

from sygra_eval.engine import Recheck
from sygra_eval.report.layout import wrapped
from sygra_eval.report.text_safety import one_line

MOST_NAMED = 20


def recheck_text(found: Recheck) -> str:
    """Return what holds and what does not, a sentence each; the last one is the verdict."""
    lines = (*_failures(found), *_what_held(found), _verdict(found))
    return "\n".join(wrapped(line, indent="  ") for line in lines) + "\n"


def recheck_json(found: Recheck) -> dict[str, object]:
    """Return the same as data."""
    return {
        "run": str(found.folder.absolute()),
        "exit": int(found.exit_code),
        "files": found.files,
        "changed": list(found.changed),
        "missing": list(found.missing),
        "absent": list(found.absent),
        "altered": [asdict(row) for row in found.altered],
        "claims": [asdict(claim) for claim in found.claims],
        "figures": found.figures,
        "queries": found.queries,
        "verified": found.verified,
        "seed": found.seed,
        "re_executed": found.re_executed,
        "refuted": [{"row": row, "reason": why} for row, why in found.refuted],
        "undecided": [{"row": row, "reason": why} for row, why in found.undecided],
        "open": list(found.open),
        "note": found.note or None,
    }


def _failures(found: Recheck) -> Iterator[str]:
    yield from (f"changed: {one_line(name)}" for name in found.changed)
    yield from (f"missing: {one_line(name)}" for name in found.missing)
    for row in found.altered:
        which = f"row {one_line(row.row)} of {row.file}" if row.row else row.file
        yield f"altered: {which}: {one_line(row.what)}"
    for claim in found.claims[:MOST_NAMED]:
        of, by = one_line(claim.of), f"from the {claim.by}"
        yield f"does not come out again: {of} is {claim.said}, {by}: {claim.found}"
    if len(found.claims) > MOST_NAMED:
        yield f"and {len(found.claims) - MOST_NAMED} more figures do not come out again"
    for what, rows in (("no longer passes", found.refuted), ("not decided", found.undecided)):
        for row_id, why in rows[:MOST_NAMED]:
            yield f"{what}: {one_line(row_id)}: {one_line(why)}"
        if len(rows) > MOST_NAMED:
            yield f"{what}: {len(rows) - MOST_NAMED} more rows"


def _what_held(found: Recheck) -> Iterator[str]:
    if not (found.changed or found.missing):
        yield f"{found.files} files are those of the manifest"
    if found.figures and not found.claims:
        by = f", {found.queries} of them by their own queries" if found.queries else ""
        yield f"{found.figures} figures were computed again{by}, and are as stated"
    yield from (f"not decided in this copy: {one_line(what)}" for what in found.open)
    if found.note:
        yield found.note
        return
    passed = found.re_executed - len(found.refuted) - len(found.undecided)
    drawn = "" if found.re_executed == found.verified else f", drawn with --seed {found.seed}"
    if passed == found.re_executed:
        yield f"{passed} verified rows of {found.verified} were judged again{drawn}, and pass"
    else:
        yield (
            f"{found.re_executed} verified rows of {found.verified} were judged again{drawn}; "
            f"{passed} pass"
        )


def _verdict(found: Recheck) -> str:
    match int(found.exit_code):
        case 0:
            return "the claims hold" + (", as far as this copy shows" if found.open else "")
        case 1:
            return "the claims do not hold"
    return "it cannot be decided here; --sample 0 looks at files and figures alone"
