import ast
import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.report import closing_json, closing_words, printable
from sygra_eval.values import Outcome

KEYS = [
    "run", "exit", "exit_reason", "rows", "verified", "rejected", "failed", "unjudged",
    "not_reached", "surplus",
        "deselected", "target_verified", "calls", "calls_cached", "tokens", "cost",
    "stop_reasons", "gates", "canaries", "wall_s", "estimate",
]  # fmt: skip


def words_of(text):
    """The closing words by what each line begins with."""
    first, *rest = text.splitlines()
    return {"first": first} | {line[:10].strip(): line[10:] for line in rest}


def test_the_words_say_how_many_where_how_to_load_and_how_to_look(summary_of):
    words = words_of(closing_words(summary_of()))

    folder = "/data/reports/glaive_code_assistant/first"
    assert words == {
        "first": "12 of 20 rows are verified (60.0 %, 95 % interval 38.7 – 78.1).",
        "files": folder,
        "load": f'import datasets; rows = datasets.load_dataset("{folder}")["train"]',
        "a row": f"sygra-eval show {folder} numbers-007",
    }


def test_a_rate_among_fewer_rows_than_were_read_says_of_which(summary_of):
    words = words_of(closing_words(summary_of(state="interrupted", not_reached=4)))

    assert words["first"].startswith("12 of 24 rows are verified (of the 20 that ended 60.0 %, ")


@pytest.mark.parametrize(
    ("asked", "changes", "row"),
    [
        ("asked-1", {"example_id": "summary-1"}, "asked-1"),
        (None, {"example_id": "summary-1"}, "summary-1"),
        (None, {}, "numbers-007"),
        (None, {"repaired": ()}, "dates-004"),
        (None, {"repaired": (), "causes": ()}, "ROW"),
    ],
)
def test_the_row_to_show_is_the_best_that_is_known(summary_of, asked, changes, row):
    words = words_of(closing_words(summary_of(**changes), example_id=asked))

    assert words["a row"].split()[-1] == row


def test_without_a_verified_row_the_words_say_that_nothing_can_be_loaded(summary_of):
    words = words_of(closing_words(summary_of(counts={Outcome.VERIFIED: 0})))

    assert words["load"].startswith("nothing to load")


@pytest.mark.parametrize("state", ["interrupted", "incomplete"])
def test_a_run_that_can_go_on_names_the_command(summary_of, state):
    summary = summary_of(state=state, folder=Path("/data/two words"))

    assert words_of(closing_words(summary))["go on"] == "sygra-eval resume '/data/two words'"


def test_a_finished_run_is_not_to_be_resumed(summary_of):
    assert "resume" not in closing_words(summary_of())


def test_a_row_that_looks_like_an_option_is_still_a_row(summary_of):
    words = words_of(closing_words(summary_of(), example_id="-x"))

    assert words["a row"].endswith(" -- -x")


def test_a_relative_folder_is_shown_as_an_absolute_one(summary_of):
    summary = summary_of(folder=Path("reports/a/b"))

    assert words_of(closing_words(summary))["files"] == str(Path.cwd() / "reports/a/b")
    assert json.loads(closing_json(summary))["run"] == str(Path.cwd() / "reports/a/b")


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=20))
def test_a_folder_and_an_id_of_any_name_can_be_pasted(summary_of, name):
    folder = Path("/data") / name

    text = closing_words(summary_of(folder=folder), example_id=f"x{name}")

    words = words_of(text)
    loaded = ast.parse(words["load"]).body[1].value.value.args[0].value
    assert loaded == str(folder)
    assert printable(text) == text
    if printable(name) == name and not {"\n", "\t"} & set(name):
        assert shlex.split(words["a row"])[2:] == [str(folder), f"x{name}"]


def test_the_line_for_programs_has_exactly_its_keys_in_order(summary_of):
    line = closing_json(summary_of(not_reached=2))

    said = json.loads(line)
    assert "\n" not in line
    assert list(said) == KEYS
    assert said["rows"] == sum(
        said[key] for key in ("verified", "rejected", "failed", "unjudged", "not_reached")
    )
    assert said["tokens"] == 30_221
    assert said["stop_reasons"] == {"max_rounds": 10, "no_change": 1, "sentinel": 8}
    assert (said["exit"], said["cost"], said["gates"]) == (0, None, [])
