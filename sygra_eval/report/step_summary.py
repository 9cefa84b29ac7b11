"""The Markdown report within a bound: a step's summary in CI, or a comment on a pull request.

A code host drops a summary above its bound as a whole, and refuses such a comment. So sections are
left out, whole ones and named, and no table is ever cut.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sygra_eval.engine import ReportContext, chunks_of

SUMMARY_BYTES = 900_000
"""GitHub drops a step's summary above 1 MiB; several steps may write."""

COMMENT_CHARACTERS = 65_000
"""GitHub refuses a comment of 65,536 and more."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_FOR_THE_NOTE = 600  # what the sentence about sections left out may take
_MOST_NAMED = 10

Measure = Callable[[str], int]


def step_summary(ctx: ReportContext) -> str:
    """Return the whole report for `$GITHUB_STEP_SUMMARY`."""
    whole = replace(ctx, options=replace(ctx.options, is_full=True))
    return within(_page(whole), _most(ctx, SUMMARY_BYTES), bytes_of)


def comment(ctx: ReportContext) -> str:
    """Return what decides, for a comment on a pull request; with `--full` the whole report."""
    return within(_page(ctx), _most(ctx, COMMENT_CHARACTERS), units_of)


def _page(ctx: ReportContext) -> str:
    """Return what the format `markdown` says.

    :raises ValueError: Without plugins, where nothing is registered under that name.
    """
    if ctx.plugins is None:
        raise ValueError("without plugins nothing is registered as `markdown`")
    view = ctx.plugins.of("reporters")["markdown"].implementation
    return "".join(map(str, chunks_of(view(ctx))))


def _most(ctx: ReportContext, most: int) -> int:
    wanted = ctx.options.max_mb
    return most if wanted is None else min(most, int(wanted * 1_000_000))


def bytes_of(text: str) -> int:
    """Return how long a text is as UTF-8."""
    return len(text.encode("utf-8", "backslashreplace"))


def units_of(text: str) -> int:
    """Return how long a text is to a host that counts as JavaScript does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def within(page: str, most: int, measure: Measure) -> str:
    """Return a page without the sections for which there is no room."""
    if measure(page) <= most:
        return page
    head, *sections = sections_of(page)
    room = most - _FOR_THE_NOTE
    kept = list(_lines_within(head, room, measure))
    room -= sum(map(measure, kept))
    left_out: list[str] = []
    for section in sections:
        size = measure(section)
        if size <= room:
            kept.append(section)
            room -= size
        else:
            left_out.append(section)
    return "".join(kept).rstrip("\n") + "\n\n" + _note(left_out, partial(_fits, measure=measure))


def sections_of(page: str) -> list[str]:
    """Return a page as what stands before its first heading of the second level, and the rest."""
    parts: list[list[str]] = [[]]
    fence = ""
    for line in page.splitlines(keepends=True):
        if (mark := _FENCE.match(line)) and (not fence or _closes(line, fence)):
            fence = "" if fence else mark[1]
        if not fence and line.startswith("## "):
            parts.append([])
        parts[-1].append(line)
    return ["".join(lines) for lines in parts]


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip(fence[0])


def _lines_within(text: str, most: int, measure: Measure) -> Iterator[str]:
    """Yield the first lines of the head, which is a list and no table."""
    for line in text.splitlines(keepends=True):
        most -= measure(line)
        if most < 0:
            return
        yield line


def _note(left_out: Sequence[str], fits: Callable[[str], bool]) -> str:
    """Say which sections there was no room for."""
    titles = [section.splitlines()[0].removeprefix("## ") for section in left_out]
    named = [title for title in titles[:_MOST_NAMED] if fits(title)]
    more = len(titles) - len(named)
    told = ", ".join(named) + (f" and {more} more" if more else "")
    return f"There was no room here for: {told or 'some lines'}. The whole report is `report.md`.\n"


def _fits(title: str, measure: Measure) -> bool:
    return measure(title) <= _FOR_THE_NOTE // (2 * _MOST_NAMED)
