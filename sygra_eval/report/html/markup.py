"""HTML and SVG as values: text is made safe unless it was made here.

A child that is a `str` is text of somebody else: what is invisible or moves other text is spelled
out, and no character of it can open a tag or leave an attribute. `Markup` is what `tag` returned.
"""

import html

from sygra_eval.report.text_safety import printable


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None

_VOID = frozenset({"meta", "br", "input"})


def tag(name: str, *children: Child, **attributes: Attribute) -> Markup:
    """Return an element; `class_="x"` and `aria_label="x"` are the attributes of these names.

    An attribute that is None or False is left out, one that is True has no value; numbers have two
    decimals at most.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: tuple[Child, ...] | list[Markup]) -> Markup:
    """Put elements and texts one after the other; None is nothing."""
    return Markup("".join(_child(child) for child in children if child is not None))


def escaped(text: str) -> Markup:
    """Return the text as HTML that shows it as it stands."""
    return Markup(html.escape(printable(text)))


def number(value: float) -> str:
    """Write a number with two decimals at most."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def cut(text: str, most: int) -> str:
    """Return at most so many characters; what is left out is marked."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _child(child: str) -> str:
    return child if isinstance(child, Markup) else escaped(child)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    key = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    return f' {key}="{number(value) if isinstance(value, float) else escaped(str(value))}"'
