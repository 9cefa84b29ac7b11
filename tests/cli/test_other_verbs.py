import asyncio
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sygra_eval.journal import Journal
from sygra_eval.values import CallFault

SHIPPED = Path(__file__).parents[2] / "suites" / "glaive_code_assistant.yaml"
FIVE_MISTAKES = """\
suite: {nam: five}
models:
  author: {use: opnai, base_url: "http://x", model: m}
data_config:
  source: {type: disk, file_path: rows.jsonl, id: id}
graph_config:
  nodes:
    solve: {node_type: llm, model: auther, prompt: "{qestion}", output_keys: answer}
  edges:
    - {from: START, to: solve}
    - {from: solve, to: END}
quality:
  validators: [{use: unit_test}]
"""


# check


def test_check_finds_the_shipped_suite_fit(cli):
    ran = cli("check", str(SHIPPED))

    assert ran.code == 0
    first, *bound = ran.out.splitlines()
    assert first == f"{SHIPPED}: fit to run"
    assert bound[0].startswith("at most, for 104 rows: ")
    assert "a bound and no estimate" in ran.out


def test_check_tells_all_mistakes_at_once_each_with_its_place(cli, write):
    write("rows.jsonl", '{"id": "a", "question": "why"}\n')
    write("five.yaml", FIVE_MISTAKES)

    ran = cli("check", "five.yaml")

    assert ran.code == 4
    assert ran.out == "5 errors\n"
    for line, named in ((1, "nam"), (3, "opnai"), (8, "auther"), (8, "qestion"), (13, "unit_test")):
        assert any(
            said.startswith(f"five.yaml:{line}:") and f"`{named}`" in said
            for said in ran.err.splitlines()
        ), (line, named)


def test_check_gives_the_same_as_data(cli, write):
    write("rows.jsonl", '{"id": "a", "question": "why"}\n')
    write("five.yaml", FIVE_MISTAKES)

    ran = cli("check", "five.yaml", "--json")

    (line,) = ran.json
    assert (line["exit"], ran.err) == (4, "")
    first = line["diagnostics"][0]
    assert first.keys() == {"code", "severity", "path", "line", "column", "message", "fix"}
    assert (first["path"], first["line"], first["severity"]) == ("five.yaml", 1, "error")
    assert cli("check", "five.yaml", str(SHIPPED), "--json").json[0]["exit"] == 4


def test_check_json_of_a_good_suite(cli):
    (line,) = cli("check", str(SHIPPED), "--json").json

    (most,) = line.pop("at_most")
    assert line == {"exit": 0, "diagnostics": []}
    assert (most["suite"], most["rows"], most["no_bound"]) == (str(SHIPPED), 104, [])
    assert most["calls"] > 104
    assert most["usd"] == 0  # the model is embedded


def test_check_says_why_there_is_no_bound(cli, suite, write):
    path = suite("small", "why", "how")
    write("plugins/mine.py", Path(__file__).with_name("conftest.py").read_text().split("'''")[1])

    ran = cli("check", path, "--trust")

    assert ran.out.splitlines()[1:] == [
        "at most, for 2 rows: 2 calls, tokens: no bound, money: no bound",
        "no bound: answers of `author` have no `max_tokens`",
    ]


def test_check_sees_the_plugins_that_run_sees(cli, write, suite):
    """A suite that is a link is looked at beside the link, where `run` looks too."""
    suite("small", "why")
    write("elsewhere/real.yaml", Path("small.yaml").read_text().replace("solve:", "solve: "))
    Path("small.yaml").unlink()
    Path("small.yaml").symlink_to("elsewhere/real.yaml")
    write("plugins/mine.py", Path(__file__).with_name("conftest.py").read_text().split("'''")[1])

    ran = cli("check", "small.yaml", "--trust")

    assert (ran.code, ran.out.splitlines()[0]) == (0, "small.yaml: fit to run"), ran.err


ROWS_OF_BOTH = """\
suite: {name: both}
data_config:
  source:
    - {type: disk, file_path: tasks.jsonl, alias: task, join_type: primary, where: "n > 1"}
    - {type: disk, file_path: styles.csv, alias: style, join_type: cross}
  transforms: [{use: add, columns: {lang: python}}]
candidate: {text: "{task->n} {style->name}"}
quality: {validators: [{use: python_compiles}]}
"""


def test_check_shows_the_first_rows_before_and_after_each_step(cli, write):
    write("tasks.jsonl", '{"n": 1}\n{"n": 2, "t": "\\u001b[31mred"}\n{broken\n')
    write("styles.csv", "name\nprose\nverse\n")
    path = str(write("both.yaml", ROWS_OF_BOTH))

    ran = cli("check", path, "--rows", "3")

    assert ran.code == 0
    titles = [line for line in ran.out.splitlines() if line.startswith(("task: ", "style: "))]
    assert titles == [
        "style: read",
        "task: read",
        "task: where: n > 1",
        "task: columns named task->…",
        "task: cross join: style",
        "task: transform: add = rows of the graph",
    ]
    assert "tasks.jsonl:3 (tasks.jsonl:3): bad_input: broken JSON" in ran.out
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_check_gives_the_first_rows_as_data(cli, write):
    write("tasks.jsonl", '{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    write("styles.csv", "name\nprose\nverse\n")

    (line,) = cli("check", str(write("both.yaml", ROWS_OF_BOTH)), "--rows", "1", "--json").json

    (shown,) = line["rows"]
    assert shown["stages"][0] == {
        "source": "style",
        "stage": "read",
        "rows": [{"id": "styles.csv:2", "origin": "styles.csv:2", "columns": {"name": "prose"}}],
    }
    assert shown["stages"][-1]["rows"] == [
        {
            "id": "tasks.jsonl:2#1",
            "origin": "tasks.jsonl:2",
            "columns": {"task->n": 2, "style->name": "prose", "lang": "python"},
        }
    ]


def test_check_shows_the_rows_of_a_plain_source_once(cli, write, suite):
    ran = cli("check", str(SHIPPED), "--rows", "2", "--json")

    (shown,) = ran.json[0]["rows"]
    assert [(stage["stage"], len(stage["rows"])) for stage in shown["stages"]] == [
        ("read", 2),
        ("rows of the graph", 2),
    ]


# plugins


def test_plugins_lists_what_is_loaded_from_where_and_what_it_adds(cli, write):
    path = write(
        "plugins/shout.py",
        """
        from sygra_eval import hookimpl

        @hookimpl
        def sygra_register_nodes(register):
            register("shout", None)

        @hookimpl
        def sygra_run_started(run): ...
        """,
    ).resolve()

    ran = cli("plugins", "--trust", "--json")

    (line,) = ran.json
    assert line["exit"] == ran.code == 0
    assert line["plugins"][-1] == {
        "name": "shout",
        "origin": str(path),
        "adds": ["node shout", "hook sygra_run_started"],
    }
    shown = cli("plugins").out
    assert shown.startswith("plugin ")
    assert "node shout" in shown


def test_plugins_says_what_was_left_out_and_why(cli, write):
    write("plugins/shout.py", "raise RuntimeError('imported')\n")

    ran = cli("plugins", "--json")

    (line,) = ran.json
    assert len(line["skipped"]) == 1
    assert "--trust" in line["skipped"][0]
    assert f"note: {line['skipped'][0]}" in ran.err


def test_plugins_takes_a_folder(cli, write):
    write("suites/plugins/quiet.py", "")

    ran = cli("plugins", "suites", "--trust", "--json")

    assert ran.json[0]["plugins"][-1]["name"] == "quiet"


def test_a_broken_plugin_ends_with_4_and_its_name(cli, write):
    write("plugins/broken.py", "import no_such_module\n")

    ran = cli("plugins", "--trust")

    assert (ran.code, ran.out) == (4, "")
    assert "broken.py cannot be imported: ModuleNotFoundError" in ran.err
    assert "Traceback" not in ran.err


# schema


def test_schema_is_json_schema_that_takes_the_shipped_suite_and_refuses_a_misspelt_key(cli):
    ran = cli("schema")

    schema = json.loads(ran.out)
    checker = jsonschema.Draft202012Validator(schema)
    checker.check_schema(schema)
    suite = yaml.safe_load(SHIPPED.read_text())
    assert (ran.code, ran.err) == (0, "")
    assert list(checker.iter_errors(suite)) == []
    assert list(checker.iter_errors(suite | {"modells": {}})) != []


def test_schema_knows_the_types_of_plugins_too(cli, write):
    path = write(
        "mine.py",
        """
        from pydantic import BaseModel

        from sygra_eval import hookimpl

        class ShoutConfig(BaseModel):
            loudness: int

        @hookimpl
        def sygra_register_nodes(register):
            register("shout", None, config=ShoutConfig)
        """,
    )

    schema = json.loads(cli("schema", "-p", str(path)).out)

    nodes = schema["$defs"]["NodeSection"]["oneOf"]
    (shout,) = [n for n in nodes if n["properties"]["node_type"] == {"const": "shout"}]
    assert "loudness" in shout["properties"]


# show and resume


@pytest.fixture
def finished(run, suite) -> str:
    """A run of two rows, r0 verified and r1 rejected; return its folder."""
    return run(suite("small", "why", "bad"), "--json").json[0]["run"]


@pytest.mark.parametrize("name_of", [str, lambda path: "/".join(Path(path).parts[-2:])])
def test_show_takes_a_path_and_suite_slash_run(cli, finished, name_of):
    ran = cli("show", name_of(finished), "r1")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("r1: rejected, liked: a matter of taste")


def test_show_has_what_came_in_the_place_of_an_answer(cli, finished):
    async def spoil():
        async with Journal.open(Path(finished) / "journal.db") as journal:
            said = "an html page"
            fault = CallFault(node="solve", kind="bad_body", message=said, raw="<html>\x1b[31mred")
            journal.append_fault(b"key", "r1", fault)

    asyncio.run(spoil())

    ran = cli("show", finished, "r1")
    (line,) = cli("show", finished, "r1", "--json").json

    assert "no answer at solve, round 1, sample 1: bad_body: an html page" in ran.out
    assert "<html>" in ran.out
    assert "\x1b" not in ran.out
    assert [fault["kind"] for fault in line["faults"]] == ["bad_body"]


def test_show_as_data(cli, finished):
    (line,) = cli("show", finished, "r0", "--json").json

    assert (line["id"], line["outcome"], line["rounds"]) == ("r0", "verified", [])
    assert line["verdicts"][0]["validator"] == "liked"


def test_show_of_a_row_that_is_not_there_says_what_was_meant(cli, finished):
    ran = cli("show", finished, "r11")

    assert (ran.code, ran.out) == (4, "")
    assert "has no row `r11`; did you mean `r1`?" in ran.err


def test_show_of_a_row_like_no_other_says_how_many_there_are(cli, finished):
    assert "it has 2 rows that ended" in cli("show", finished, "zzzzzz").err


@pytest.mark.parametrize("verb", ["show", "resume"])
def test_a_run_that_is_not_there_is_met_with_the_newest(cli, finished, verb):
    row = ("r1",) if verb == "show" else ()

    ran = cli(verb, "small/nothing", *row)

    assert (ran.code, ran.out) == (4, "")
    assert "small/nothing is not a run" in ran.err
    assert "/".join(Path(finished).parts[-2:]) in ran.err


def test_resume_of_a_finished_run_repeats_line_and_code(cli, run, suite):
    first = run(suite("small", "bad"), "--json")

    again = cli("resume", first.json[0]["run"], "--json")

    assert again.code == first.code == 1
    assert again.json == first.json


def test_resume_goes_on_with_an_interrupted_run(cli, run, suite):
    first = run(suite("small", "interrupt", *["how"] * 9), "--json").json[0]
    assert first["exit"] == 2
    assert first["not_reached"] > 0
    asked_again = ("-p", "echo.py", "--unsafe-no-sandbox")

    refused = cli("resume", first["run"], "--json")
    ran = cli("resume", "/".join(Path(first["run"]).parts[-2:]), "--json", *asked_again)

    assert refused.code == 4
    assert "-p echo.py --unsafe-no-sandbox" in refused.json[0]["error"]
    assert ran.code == 0
    assert (ran.json[-1]["verified"], ran.json[-1]["not_reached"]) == (10, 0)
