"""Texts on their way to the browser: cut where they are long, and found again by their place.

A record is told with every long text cut to its beginning, its whole length and its place. Asked
for a place, the same record is told again and the text is taken from it on the way: so there is no
second way to name what a record holds, and nothing but a record's own texts can be asked for.
"""

from urllib.parse import quote

from sygra_eval.journal import plain
from sygra_eval.studio.told import Told

MOST_CHARACTERS = 20_000
"""Of one text in a record; the rest is fetched when somebody wants it."""


class Text(Told):
    """A text, or its beginning.

    :ivar length: Characters of the whole.
    :ivar of: Its place, where it is cut; what names it when the whole is asked for.
    """

    text: str
    length: int
    of: str | None


class Texts:
    """Cuts the texts of one record.

    :ivar found: The whole text of the place that is wanted, once it came by.
    """

    def __init__(self, wanted: str | None = None) -> None:
        self.wanted = wanted
        self.found: str | None = None

    def told(self, text: str, *place: str | int) -> Text:
        """Tell a text that stands at a place of the record."""
        is_long = len(text) > MOST_CHARACTERS
        if not (is_long or self.wanted):
            return Text(text=plain(text), length=len(text), of=None)
        of = "/".join(quote(str(step), safe="") for step in place)
        if of == self.wanted:
            self.found = text
        return Text(
            text=plain(text[:MOST_CHARACTERS]), length=len(text), of=of if is_long else None
        )

    def told_or_none(self, text: str | None, *place: str | int) -> Text | None:
        """Tell a text that may not be there."""
        return None if text is None else self.told(text, *place)
