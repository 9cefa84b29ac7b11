"""Lets a suite read the rows that a program gives, instead of those of its own source."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sygra_eval.data import GIVEN, GivenRows, GivenSource
from sygra_eval.plugins import Plugins
from sygra_eval.values import Source


def serve_given(plugins: Plugins, given: GivenRows | None) -> None:
    """Let the source type `given` of this run read what a program gives it now."""
    if given is not None:
        types = plugins.types["sources"]
        types[GIVEN] = replace(types[GIVEN], implementation=partial(GivenSource, given=given))


def given_source(given: GivenRows | None) -> Mapping[str, object] | None:
    """Return the `data_config.source` that takes the place of a suite's own."""
    return None if given is None else {"type": GIVEN, **given.keys}


def known_total(source: Source) -> int | None:
    """Return how many rows a source has, where it can say so without being read."""
    total = getattr(source, "total", None)
    return total if isinstance(total, int) else None
