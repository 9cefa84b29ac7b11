"""Tables and sentences on a terminal: 80 columns, whatever script an id is written in.

Width is counted in cells, as a terminal does: a Han character takes two, a combining mark none.
`tabulate` counts characters, so `grid` lends it stand-ins of the right length and puts the real
text back afterwards.
"""

import textwrap
from collections.abc import Container, Iterable, Sequence

from rich.cells import cell_len
from tabulate import tabulate

from sygra_eval.report.text_safety import one_line

WIDTH = 80
_GAP = 2  # blanks between the columns of tabulate's `simple` format
_HEADER_PADDING = 2  # what tabulate adds to a header's width
_MOST_MARKS = 4  # on one base character: more would run over the lines above and below
_FIRST_STAND_IN = 0xF0000  # private use: `one_line` lets none of these through
_FILLER = "\ue000"


def shorten(text: str, width: int) -> str:
    """Cut one line of text to `width` cells, with … where something is missing."""
    clusters = _clusters(text)
    if sum(cells for _, cells in clusters) <= width:
        return "".join(cluster for cluster, _ in clusters)
    kept, room = "", width - 1
    for cluster, cells in clusters:
        if cells > room:
            break
        kept, room = kept + cluster, room - cells
    return kept + "…"


def wrapped(text: str, *, indent: str = "", first: str = "", width: int = WIDTH) -> str:
    """Break one sentence into lines; the first begins with `first`, all others with `indent`."""
    stand_ins = _StandIns()
    lines = textwrap.wrap(
        stand_ins.lend(one_line(text)),
        width - 1,  # a wide character that is broken behind its stand-in takes one cell more
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return stand_ins.take_back("\n".join(lines))


def grid(
    columns: Sequence[str],
    aligns: Sequence[str],
    rows: Iterable[Sequence[str]],
    width: int = WIDTH,
    *,
    whole: Container[int] = (),
) -> str:
    """Lay out a table; columns that are aligned to the left give way when it grows too wide.

    :param whole: Columns that stay as they are, though the table be too wide: ids to be copied.
    """
    lines = [[one_line(cell) for cell in row] for row in rows]
    gives = [align == "left" and at not in whole for at, align in enumerate(aligns)]
    widths = _fitted(columns, gives, lines, width)
    stand_ins = _StandIns()
    cells = [
        [
            stand_ins.lend(shorten(cell, most) if can_give else cell)
            for cell, most, can_give in zip(line, widths, gives, strict=True)
        ]
        for line in lines
    ]
    text = tabulate(
        cells, headers=columns, tablefmt="simple", disable_numparse=True, colalign=list(aligns)
    )
    return "\n".join(line.rstrip() for line in stand_ins.take_back(text).splitlines())


def _fitted(
    columns: Sequence[str], gives: Sequence[bool], lines: Sequence[Sequence[str]], width: int
) -> list[int]:
    """Return each column's width, the widest texts cut first until all fit."""
    least = [len(title) + _HEADER_PADDING for title in columns]
    widths = [
        max([least[at], *(min(_width(line[at]), width) for line in lines)])
        for at in range(len(columns))
    ]
    room = width - _GAP * (len(columns) - 1)
    while sum(widths) > room:
        can_give = [
            at for at, gives_way in enumerate(gives) if gives_way and widths[at] > least[at]
        ]
        if not can_give:
            break
        widths[max(can_give, key=lambda at: widths[at])] -= 1
    return widths


class _StandIns:
    """Lends text whose every cell is one character, and takes the real text back."""

    def __init__(self) -> None:
        self._lent: dict[str, str] = {}

    def lend(self, text: str) -> str:
        if text.isascii():
            return text
        return "".join(self._stand_in(*cluster) for cluster in _clusters(text))

    def take_back(self, text: str) -> str:
        real = {ord(stand_in): cluster for cluster, stand_in in self._lent.items()}
        return text.translate(real | {ord(_FILLER): None})

    def _stand_in(self, cluster: str, cells: int) -> str:
        if cluster == " ":
            return cluster  # lines are broken at blanks
        stand_in = self._lent.setdefault(cluster, chr(_FIRST_STAND_IN + len(self._lent)))
        return stand_in + _FILLER * (cells - 1)


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(cells for _, cells in _clusters(text))


def _clusters(text: str) -> list[tuple[str, int]]:
    """Split text into characters with the marks on them, each with its cells."""
    clusters: list[tuple[str, int]] = []
    for character in text:
        cells = cell_len(character)
        if cells:
            clusters.append((character, cells))
        elif not clusters:
            clusters.append(("◌" + character, 1))  # a mark without a base is drawn on this
        elif len(clusters[-1][0]) <= _MOST_MARKS:
            base, base_cells = clusters[-1]
            clusters[-1] = (base + character, base_cells)
    return clusters
