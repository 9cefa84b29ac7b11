"""Makes a view of a run from its journal, for `sygra-eval report`."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.cli.streams import complain, say, write_chunks
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import (
    ReportContext,
    ReportOptions,
    parts_of,
    plugins_of_run,
    put_view,
    suite_folder_of,
    summarise,
)
from sygra_eval.report import (
    WIDTH,
    captures_content,
    collector_of,
    formats_text,
    query_json,
    query_text,
    send,
    shows_color,
    terminal_width,
)
from sygra_eval.values import UsageError

COLLECTOR = "otlp"
"""What `--to` is where the view is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the verb was given."""

    format: str
    to: str
    is_full: bool
    lists_formats: bool
    query: str | None
    at: tuple[str, ...]
    max_rows: int | None
    max_mb: float | None
    has_bom: bool
    is_raw: bool
    as_json: bool
    plugins: tuple[str, ...]
    is_trusted: bool


def view(folder: Path, asked: Asked) -> int:
    """Print a view, a query or the names of all views, or write a file."""
    if asked.is_trusted:
        remember(suite_folder_of(folder))
    plugins = plugins_of_run(folder, asked.plugins, is_trusted=asked.is_trusted)
    if asked.lists_formats:
        say(formats_text(plugins))
        return 0
    reporter = plugins.find("reporters", asked.format)
    is_here = asked.to == "-"
    options = ReportOptions(
        width=terminal_width(sys.stdout) if is_here else WIDTH,
        has_color=is_here and shows_color(sys.stdout, os.environ),
        is_full=asked.is_full,
        has_metrics=asked.is_full,
        max_rows=asked.max_rows,
        max_mb=asked.max_mb,
        has_bom=asked.has_bom,
        is_raw=asked.is_raw,
        has_content=captures_content(os.environ),
    )
    ctx = ReportContext(summary=summarise(folder), plugins=plugins, options=options)
    if ctx.summary.damage.rows:  # a table of rows has no place to say what it lacks
        complain(f"note: {ctx.summary.damage.told()[0]}")
    if asked.query is not None:
        say(_answer(ctx, asked.query, asked))
    elif asked.to == COLLECTOR:
        _send(parts_of(reporter, ctx), asked)
    elif is_here:
        write_chunks(sys.stdout, parts_of(reporter, ctx))
    else:
        put_view(reporter, ctx, Path(asked.to))
    return 0


def _send(lines: Iterator[str | bytes], asked: Asked) -> None:
    """Send a view to a collector, and say what it took."""
    if asked.format != "otel":
        raise UsageError("only `--as otel` can be sent to `otlp`; write `--to ./otlp` for a file")
    sent = send(map(str, lines), collector_of(os.environ))
    for note in sent.notes:
        complain(f"the collector says: {note}")
    complain(
        f"requests sent: {sent.requests}; spans and points that were not taken: {sent.rejected}"
    )


def _answer(ctx: ReportContext, query: str, asked: Asked) -> str:
    at = dict(_place(one) for one in asked.at)
    if asked.as_json:
        return json.dumps(query_json(ctx, query, at))
    return query_text(ctx, query, at).rstrip("\n")


def _place(said: str) -> tuple[str, str]:
    column, equals, value = said.partition("=")
    if not equals:
        raise UsageError(f"--at {said}: write COLUMN=VALUE, as in --at outcome=verified")
    return column, value
