"""Diagnostics on a terminal, and a page of the docs for each of their codes."""

import re
from pathlib import Path

import pytest

from sygra_eval.suite import render_diagnostic
from sygra_eval.values import Diagnostic, Severity

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "diagnostics.md"


def diagnostic(line: int, column: int, message: str = "no `x`", fix: str = "") -> Diagnostic:
    return Diagnostic(
        code="some-code",
        severity=Severity.ERROR,
        path="s.yaml",
        line=line,
        column=column,
        message=message,
        fix=fix,
    )


def test_it_shows_what_where_why_and_what_to_do():
    source = 'nodes:\n  solve:\n      prompt: [{user: "{qestion}"}]\n'
    shown = render_diagnostic(
        diagnostic(3, 25, "no column or node provides `qestion`", "write `{question}`"), source
    )

    assert shown.splitlines() == [
        "s.yaml:3:25: error[some-code]: no column or node provides `qestion`",
        '  3 |       prompt: [{user: "{qestion}"}]',
        "    |                         ^^^^^^^  fix: write `{question}`",
    ]


def test_a_long_fix_stands_on_a_line_of_its_own():
    shown = render_diagnostic(diagnostic(1, 60, fix="f" * 40), "." * 59 + "x")

    assert shown.splitlines()[-2:] == ["    | " + " " * 59 + "^", "    | fix: " + "f" * 40]


def test_a_long_line_is_cut_around_the_place():
    source = "a" * 300 + "here" + "b" * 300
    _, line, carets = render_diagnostic(diagnostic(1, 301, "no `here`"), source).splitlines()

    assert len(line) <= 80
    assert (line[6], line[-1]) == ("…", "…")
    assert line[carets.index("^") : carets.rindex("^") + 1] == "here"


@pytest.mark.parametrize(
    ("line", "source"), [(1, ""), (5, "one line"), (2, "a\n\nb"), (3, "a\n"), (1, "   ")]
)
def test_without_a_source_line_the_message_and_the_fix_stay(line, source):
    shown = render_diagnostic(diagnostic(line, 1, "broken", "mend it"), source)

    assert shown.splitlines() == [
        f"s.yaml:{line}:1: error[some-code]: broken",
        f"{' ' * (len(str(line)) + 3)}| fix: mend it",
    ]


def test_a_files_control_characters_do_not_reach_the_terminal():
    shown = render_diagnostic(diagnostic(1, 1, "no `\x1b[31m`", "\x07"), "\x1b[2Jx")

    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_tabs_keep_the_carets_in_place():
    _, line, carets = render_diagnostic(diagnostic(1, 5, "no `x`"), "a\tb\tx").splitlines()

    assert line.split("|")[1][:5].count("\t") == carets.split("|")[1].count("\t")


def codes_in_use() -> list[str]:
    texts = [path.read_text() for path in (ROOT / "sygra_eval").rglob("*.py")]
    return sorted({code for text in texts for code in re.findall(r'code="([a-z0-9-]+)"', text)})


@pytest.mark.parametrize("code", codes_in_use())
def test_every_code_has_an_entry_in_the_docs(code):
    assert f"\n## `{code}`\n" in PAGE.read_text()


def test_the_docs_have_each_entry_once_and_in_order():
    entries = re.findall(r"^## `(.+)`$", PAGE.read_text(), re.MULTILINE)

    assert entries == sorted(set(entries))
    assert "unknown-variable" in entries
