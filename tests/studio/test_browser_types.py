"""The browser's types are those of the server."""

from sygra_eval.studio.browser_types import PLACE, typescript


def test_the_types_in_the_front_end_are_made_from_the_servers_shapes():
    assert PLACE.read_text() == typescript(), "run `python -m sygra_eval.studio.browser_types`"
