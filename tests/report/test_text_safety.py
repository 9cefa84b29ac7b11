import ast
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.report.text_safety import (
    CELL_LIMIT,
    markdown_fence,
    markdown_text,
    one_line,
    printable,
    python_literal,
    shell_word,
)

ANY_TEXT = st.text(st.characters())  # lone surrogates too


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]8;;http://evil\x07link", "\\x1b]8;;http://evil\\x07link"),
        ("\x9b2J", "\\x9b2J"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("abc\u202efdp", "abc\\u202efdp"),
        ("a\u2066b\u2069\u061c\u200f", "a\\u2066b\\u2069\\u061c\\u200f"),
        ("a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\xad"),
        ("hi\U000e0041", "hi\\U000e0041"),
        ("a\ufe0f\U000e0101\u3164", "a\\ufe0f\\U000e0101\\u3164"),
        ("\ud800", "\\ud800"),
    ],
    ids=ascii,
)
def test_what_a_terminal_would_obey_or_hide_is_made_visible(text, shown):
    assert printable(text) == shown


def test_readable_text_of_any_script_stays_as_it_is():
    text = "naïve 日本語 עברית हिन्दी ไทย 🙂\n\tindented"

    assert printable(text) == text


def test_windows_line_ends_are_line_ends_but_a_lone_return_is_shown():
    assert printable("a\r\nb\rc") == "a\nb\\x0dc"


@pytest.mark.parametrize("text", ["a\nb", "a \r\n  b", "a\u2028b", "a\x0b\x0cb", "\na\x85b\n"])
def test_one_line_folds_every_kind_of_line_end(text):
    assert one_line(text) == "a b"


@settings(deadline=None)
@given(ANY_TEXT)
def test_printable_text_can_be_written_and_holds_nothing_more_to_escape(text):
    shown = printable(text)

    assert printable(shown) == shown
    assert shown.encode("utf-8", "strict").decode() == shown


@settings(deadline=None)
@given(ANY_TEXT)
def test_one_line_is_one_line(text):
    assert len(one_line(text).splitlines()) <= 1


def test_markdown_text_is_cut_so_that_a_page_stays_a_page():
    shown = markdown_text("x" * 10_000)

    assert len(shown) == CELL_LIMIT
    assert shown.endswith("…")


def test_a_name_in_markdown_calls_nobody():
    assert markdown_text("@octocat") == "@\u2060octocat"


@settings(deadline=None)
@given(st.text("`~a\n"))
def test_a_fence_is_longer_than_any_run_of_backticks_inside(text):
    first, *body, last = markdown_fence(text).split("\n")

    assert first == last
    assert set(first) == {"`"}
    assert first not in "\n".join(body)


@pytest.mark.parametrize(
    "word",
    [
        "plain/path_1",
        "two words",
        "it's $HOME `id`",
        "日本 語",
        "a\nb\t\x1b[31m",
        "back\\slash\n'",
        "\u202eabc",
        "-n",
        "",
    ],
    ids=ascii,
)
def test_a_shell_reads_the_quoted_word_as_the_word(word):
    quoted = shell_word(word)

    read = subprocess.run(  # noqa: S603 - the words above
        ["/bin/bash", "-c", f"printf '%s' {quoted}"], capture_output=True, check=True
    ).stdout

    assert read.decode() == word
    assert one_line(quoted) == quoted


def test_a_file_name_that_is_not_utf_8_can_be_pasted_into_a_shell():
    quoted = shell_word("a\udcff b")

    read = subprocess.run(  # noqa: S603 - the word above
        ["/bin/bash", "-c", f"printf '%s' {quoted}"], capture_output=True, check=True
    ).stdout

    assert read == b"a\xff b"


@settings(deadline=None)
@given(ANY_TEXT)
def test_python_reads_the_literal_as_the_text(text):
    literal = python_literal(text)

    assert ast.literal_eval(literal) == text
    assert printable(literal) == literal


def test_a_plain_path_stands_in_double_quotes():
    assert python_literal("/data/it's here") == '"/data/it\'s here"'
