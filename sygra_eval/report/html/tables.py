"""The report's tables as HTML: captions, scopes, totals apart, numbers to the right."""

from collections.abc import Callable
from urllib.parse import quote

from sygra_eval.report.html.markup import Markup, cut, joined, tag
from sygra_eval.report.table import Align, Table

MOST_SHOWN = 400
"""Characters of one cell."""

_TOTALS = frozenset({"all", "all rows", "all grades"})

Cell = Callable[[int, str], Markup | str]


def html_table(table: Table, cell: Cell | None = None, *, has_caption: bool = True) -> Markup:
    """Return a table whose columns can be sorted; its notes stand below it.

    :param cell: What stands in the cell of a column, by its number and text.
    """
    shown = cell or _as_it_is
    body, total = table.rows, table.rows[-1:]
    is_total = bool(total) and len(body) > 1 and total[0][0] in _TOTALS
    body = body[:-1] if is_total else body
    caption = tag("caption", table.title, class_=None if has_caption else "unseen")
    head = tag(
        "tr",
        *(
            tag("th", name, scope="col", class_=_class(align))
            for name, align in zip(table.columns, table.aligns, strict=True)
        ),
    )
    parts = [
        caption,
        tag("thead", head),
        tag("tbody", *(_row(table, row, shown) for row in body)),
    ]
    if is_total:
        parts.append(tag("tfoot", _row(table, total[0], shown)))
    sortable = "sortable" if len(body) > 1 else None
    return joined(
        [
            tag(
                "div",
                tag("table", *parts, class_=sortable),
                class_="wide",
                tabindex=0,
                role="group",
                aria_label=table.title,
            ),
            notes(table.notes),
        ]
    )


def notes(sentences: tuple[str, ...]) -> Markup:
    """Return what stands below a table."""
    if not sentences:
        return Markup("")
    return tag("ul", *(tag("li", cut(one, 2_000)) for one in sentences), class_="notes")


def row_link(row_id: str) -> Markup:
    """Return a link to the page of a row."""
    return tag("a", cut(row_id, MOST_SHOWN), href=row_address(row_id))


def row_address(row_id: str) -> str:
    """Return the part of the address that opens the page of a row."""
    return f"#row={quote(row_id, safe='', errors='replace')}"


def _row(table: Table, row: tuple[str, ...], shown: Cell) -> Markup:
    cells = []
    for at, (said, align) in enumerate(zip(row, table.aligns, strict=True)):
        content = shown(at, said)
        kind = "th" if at == 0 and align is Align.LEFT else "td"
        scope = "row" if kind == "th" else None
        cells.append(tag(kind, content, scope=scope, class_=_class(align)))
    return tag("tr", *cells)


def _as_it_is(_at: int, said: str) -> str:
    return cut(said, MOST_SHOWN)


def _class(align: Align) -> str | None:
    return "number" if align is Align.RIGHT else None
