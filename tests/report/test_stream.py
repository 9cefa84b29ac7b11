import io

import pytest

from sygra_eval.report import shows_color, terminal_width


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gives_its_width_and_a_file_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "123")

    assert terminal_width(Terminal()) == 123
    assert terminal_width(io.StringIO()) == 80


@pytest.mark.parametrize(
    ("stream", "environment", "is_shown"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream, environment, is_shown):
    assert shows_color(stream, environment) is is_shown


def test_a_stream_that_was_closed_is_no_terminal():
    stream = io.StringIO()
    stream.close()

    assert not shows_color(stream, {})
