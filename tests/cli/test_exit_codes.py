"""Each exit code of design.md section 6 once: what is printed last, and what the shell gets."""

import pytest

from sygra_eval.cli import run as run_verb

WARNED = """\
suite: {name: NAME}
matrix: {words: [alike, also]}
models: {author: {use: echo}}
data_config: {source: {type: disk, file_path: NAME.jsonl, id: id}}
graph_config:
  nodes:
    solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: answer}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: liked}]}
"""


@pytest.mark.parametrize(
    ("code", "questions", "said"),
    [
        (0, ["why", "bad"], "exit 0: 1 of 2 rows verified"),
        (1, ["bad"], "exit 1: none of 1 rows was verified"),
        (2, ["why", "interrupt", "how"], "exit 2: interrupted: "),
        (7, ["why", "break"], "exit 7: incomplete: 1 of 2 rows failed, more than 5%"),
    ],
)
def test_a_run_that_began_says_its_code_in_its_last_line(run, suite, code, questions, said):
    ran = run(suite("small", *questions), "-q")

    assert ran.code == code
    assert ran.out.splitlines()[-1].startswith(said)


def test_3_is_an_error_of_ours(run, suite, monkeypatch):
    def broken(*given, **named):
        raise AssertionError("never so")

    monkeypatch.setattr(run_verb, "run_all", broken)

    ran = run(suite("small", "why"), "-q")

    assert ran.code == 3
    assert "internal error, please report it" in ran.err.splitlines()[-1]


@pytest.mark.parametrize("asked", [["missing.yaml"], ["-k", "a and"], ["--no-such-option"]])
def test_4_is_an_error_of_use_and_nothing_was_spent(run, suite, tmp_path, asked):
    ran = run(suite("small", "why"), "-q", *asked)

    assert ran.code == 4
    assert not list(tmp_path.glob("work/reports/small/*/journal.db")) or asked == ["missing.yaml"]


def test_5_is_that_nothing_is_selected(run, suite):
    ran = run(suite("small", "why"), "-q", "-k", "nowhere")

    assert ran.code == 5
    assert ran.err.splitlines()[-1].startswith("sygra-eval: no row is selected")


def test_6_is_warnings_under_strict(run, suite):
    small = suite("small", "why", text=WARNED)

    strict = run(small, "-q", "--strict", "-k", "alike")

    assert run(small, "-q", "-k", "alike").code == 0
    assert strict.code == 6
    assert "exit 6: 1 of 1 rows verified; under --strict: 1 warning" in strict.out


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        (["bad"] * 19 + ["break"] * 2, 7),  # nothing verified, and more errors than allowed
        (["interrupt", "break", "break"], 2),  # failed, and interrupted before
        (["bad"] * 20, 1),  # under --strict: a gate weighs more than warnings
    ],
)
def test_where_several_hold_the_worst_is_said(run, suite, questions, code):
    ran = run(suite("small", *questions), "-q", "--strict")

    assert ran.code == code
    assert ran.out.splitlines()[-1].startswith(f"exit {code}: ")


def test_the_help_names_every_code(cli):
    told = " ".join(cli("--help").out.split())

    for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 "):
        assert f" {code}" in told.partition("Exit codes:")[2]
