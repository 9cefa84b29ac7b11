"""Puts the page together, piece by piece: what is fixed first, then the rows block by block."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice

from sygra_eval.engine import ReportContext, ReportRow
from sygra_eval.journal import plain
from sygra_eval.report.html.blocks import Blocks, Fitted
from sygra_eval.report.html.digest import Digest
from sygra_eval.report.html.markup import Child, Markup, cut, joined, tag
from sygra_eval.report.html.sections import Section, outcome_badge, sections_of
from sygra_eval.report.html.stories import Told
from sygra_eval.report.text_safety import shell_word
from sygra_eval.values import Outcome

MOST_MB = 60.0
"""Of the file, unless the suite or the command line says another size."""

_MB = 1_000_000
_SPARE = 4_000  # for what is not counted
_SHOWN_WITHOUT_SCRIPT = 50
_CODE_SHOWN = 2_000
_ROWS_AT_ONCE = 32
_SCRIPT = ("text", "tables", "rows", "story", "routes")


def html_report(ctx: ReportContext) -> Iterator[str | bytes]:
    """Yield the file in pieces; it is ASCII, and stays below `options.max_mb`."""
    digest, first = Digest(), list[ReportRow]()
    with Blocks(ctx.options.max_rows) as blocks:
        for told in _told(ctx):
            digest.take(told)
            blocks.take(told)
            if told.row.outcome is Outcome.REJECTED and len(first) < _SHOWN_WITHOUT_SCRIPT:
                first.append(told.row)
        sections = sections_of(ctx, digest)
        head = _ascii(_head(ctx))
        before, after = (
            _ascii(joined([_section(one) for one in part])) for part in _split(sections)
        )
        rows = _ascii(_rows(ctx, first))
        about = {"run": f"{ctx.summary.suite}/{ctx.summary.run}"}
        script = _script()
        fixed = len(head) + len(before) + len(after) + len(script) + len(rows) + _SPARE
        room = int((ctx.options.max_mb or MOST_MB) * _MB) - fixed
        fitted = blocks.fit(room - len(blocks.index(about)), ctx.options.max_rows)
        yield head
        yield _ascii(_top(ctx, sections, fitted))
        yield before
        yield rows
        yield after
        yield b"</div>\n"
        yield _ascii(tag("article", id="row", hidden=True, aria_live="off"))
        yield b"</main>\n"
        yield _data("index", blocks.index(about))
        for number, content in blocks.chosen():
            yield _data(f"b{number}", content)
        yield b"<script>" + script + b"</script>\n</body>\n</html>\n"


def _told(ctx: ReportContext) -> Iterator[Told]:
    """Yield every row that counts with its rounds, which are asked for a few rows at a time."""
    rows = ctx.rows()
    with ctx.reader() as reader:
        with_faults = reader.with_faults()
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            rounds = reader.rounds_of([row.id for row in some])
            for row in some:
                faults = reader.faults(row.id) if plain(row.id) in with_faults else ()
                yield Told(row=row, rounds=rounds[row.id], faults=faults)


def _head(ctx: ReportContext) -> Markup:
    style, script = _style(), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return joined(
        [
            Markup('<!DOCTYPE html>\n<html lang="en">\n<head>\n'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'),
            tag("meta", charset="utf-8"),
            tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name_="color-scheme", content="light dark"),
            tag("meta", name_="referrer", content="no-referrer"),
            tag("title", _title(ctx)),
            Markup(f"<style>{style.decode('ascii')}</style>\n</head>\n<body>\n"),
        ]
    )


def _top(ctx: ReportContext, sections: list[Section], fitted: Fitted) -> Markup:
    before, after = ([(one.name, one.title) for one in part] for part in _split(sections))
    links = [*before, ("rows", "Rows"), *after]
    summary = ctx.summary
    return joined(
        [
            tag("a", "Skip to the result", href="#result", class_="skiplink"),
            tag(
                "header",
                tag("p", "sygra-eval report", class_="brand"),
                tag("h1", summary.suite, " ", tag("small", summary.run)),
            ),
            tag(
                "nav",
                tag("ul", *(tag("li", tag("a", said, href=f"#{to}")) for to, said in links)),
                aria_label="Sections",
            ),
            Markup('<main id="main">\n'),
            Markup('<div id="report">\n'),
            _left_out(fitted),
        ]
    )


def _split(sections: list[Section]) -> tuple[list[Section], list[Section]]:
    """Return the sections before the rows, and those behind them."""
    behind = [one for one in sections if one.name == "environment"]
    return [one for one in sections if one not in behind], behind


def _left_out(fitted: Fitted) -> Markup:
    if fitted.is_whole:
        return Markup("")
    (verified, all_verified), (others, all_others) = fitted.verified, fitted.others
    listed = (
        f" The table lists {fitted.listed:,} rows."
        if fitted.listed < all_verified + all_others
        else ""
    )
    return tag(
        "p",
        f"This file holds the pages of {others:,} of {all_others:,} rows that are not verified and "
        f"of {verified:,} of {all_verified:,} verified rows, evenly spaced, as it would be too "
        f"large with all of them.{listed} The figures are those of all rows; `sygra-eval show` "
        "shows any of them.",
        class_="banner",
    )


def _section(section: Section) -> Markup:
    title = f"{section.name}-title"
    return tag(
        "section",
        tag("h2", section.title, id=title),
        section.content,
        id=section.name,
        aria_labelledby=title,
    )


def _rows(ctx: ReportContext, first: list[ReportRow]) -> Markup:
    """Return the place of the table of rows; without script, the first rejected rows."""
    children: list[Child] = [tag("h2", "Rows", id="rows-title")]
    children.append(tag("div", id="browser"))
    children.append(tag("div", *_static_rows(ctx, first), id="static-rows"))
    return tag("section", *children, id="rows", aria_labelledby="rows-title")


def _static_rows(ctx: ReportContext, first: list[ReportRow]) -> Iterator[Markup]:
    run = shell_word(f"{ctx.summary.suite}/{ctx.summary.run}")
    yield tag(
        "p",
        "All rows, a filter and a page for each row need a browser that runs this file's script. ",
        f"Without: the first {len(first)} rejected rows, and any row by its id with ",
        tag("code", f"sygra-eval show {run} ROW"),
    )
    for row in first:
        yield tag(
            "details",
            tag("summary", outcome_badge(row.outcome.value), " ", tag("b", cut(row.id, 300))),
            tag("p", cut(row.reason, 1_000)),
            tag("pre", cut(row.code, _CODE_SHOWN)) if row.code else None,
        )


def _data(name: str, content: bytes) -> bytes:
    return b'<script type="text/plain" id="%s">%s</script>\n' % (name.encode("ascii"), content)


def _title(ctx: ReportContext) -> str:
    return f"{ctx.summary.suite} {ctx.summary.run}: sygra-eval report"


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "xmlcharrefreplace")


def _hash(content: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode('ascii')}"


@cache
def _style() -> bytes:
    return _file("page.css")


@cache
def _script() -> bytes:
    """Return the parts of the script as one function, in the order in which they are needed."""
    parts = b"\n".join(_file(f"script/{name}.js") for name in _SCRIPT)
    return b'(() => {\n"use strict";\n' + parts + b"\n})();"


def _file(name: str) -> bytes:
    return files("sygra_eval.report.html").joinpath(name).read_bytes().strip()
