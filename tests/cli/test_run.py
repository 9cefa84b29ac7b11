import json
from itertools import combinations
from pathlib import Path

import pytest

from sygra_eval.cli.run import worst

LINE = {
    "run", "exit", "rows", "verified", "rejected", "failed", "unjudged", "not_reached", "calls",
    "calls_cached", "tokens", "cost", "estimate", "stop_reasons", "gates", "canaries", "wall_s",
    "exit_reason", "surplus", "deselected", "target_verified",
}  # fmt: skip


def test_a_run_ends_with_its_report_and_the_four_answers(run, suite):
    ran = run(suite("small", "why", "bad"))

    assert ran.code == 0
    assert "1 of 2 rows verified" in ran.out
    assert "files     " in ran.out
    assert "datasets.load_dataset(" in ran.out
    assert "a row     " in ran.out


def test_progress_and_notes_go_to_standard_error_alone(run, suite):
    ran = run(suite("small", "why", "bad"), "--json")

    (line,) = ran.json
    assert line.keys() == LINE
    assert (line["exit"], line["rows"], line["verified"], line["rejected"]) == (0, 2, 1, 1)
    assert line["cost"] is None
    assert Path(line["run"]).is_absolute()
    assert Path(line["run"], "verified.jsonl").is_file()
    assert "[1/2] " in ran.err
    assert "[2/2] " in ran.err


def test_out_and_limit(run, suite):
    ran = run(suite("small", "why", "how", "who"), "--json", "--out", "elsewhere", "--limit", "2")

    (line,) = ran.json
    assert line["rows"] == 2
    assert Path(line["run"]).parent == Path("elsewhere/small").absolute()


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        (["why", "bad"], 0),
        (["bad"], 1),
        (["why", "interrupt", "how"], 2),
        ([], 5),
        (["why", "break"], 7),
    ],
)
def test_the_exit_code_and_the_closing_line_agree(run, suite, questions, code):
    ran = run(suite("small", *questions), "--json")

    assert ran.json[-1]["exit"] == ran.code == code


def test_a_bad_suite_is_told_by_line_and_column_and_nothing_is_made(run, suite):
    path = suite("small", "why", text="suit: {name: x}\nmodels: [\n")

    ran = run(path)

    assert (ran.code, ran.out) == (4, "")
    assert "small.yaml:3:1: error[yaml-syntax]" in ran.err
    assert not Path("reports").exists()


def test_a_file_that_is_not_there(run):
    ran = run("missing.yaml", "--json")

    assert ran.code == 4
    assert "missing.yaml:1:1: error[file-not-found]" in ran.err
    assert ran.json == [{"exit": 4, "error": "missing.yaml: 1 error"}]


def test_a_replaced_model_that_cannot_be_reached_is_told_before_the_first_row(run, suite):
    ran = run(suite("small", "why"), "--json", "--model", "author=http://127.0.0.1:9/v1#m")

    assert ran.json[-1]["exit"] == ran.code == 4
    assert "127.0.0.1:9" in ran.json[-1]["error"]
    assert not Path("reports").exists()


# Several suites


def test_every_suite_has_its_line_and_the_worst_code_wins(run, suite):
    good, bad = suite("good", "why"), suite("bad", "bad")

    ran = run(good, bad, "--json")

    assert [line["exit"] for line in ran.json] == [0, 1]
    assert ran.code == 1


@pytest.mark.parametrize("fault", ["missing", "broken", "empty"])
def test_a_suite_that_cannot_start_does_not_keep_the_others_from_running(run, suite, fault):
    good = suite("good", "why")
    faulty = {
        "missing": "missing.yaml",
        "broken": suite("broken", "why", text="suite: {nam: x}\n"),
        "empty": suite("empty"),
    }[fault]
    code = 5 if fault == "empty" else 4

    ran = run(faulty, good, "--json")

    first, second = ran.json
    assert first.keys() == {"exit", "error"}
    assert (first["exit"], second["exit"], second["verified"]) == (code, 0, 1)
    assert ran.code == code


def test_an_error_of_ours_in_one_suite_lets_the_others_run(run, suite, write):
    good, broken = suite("good", "why"), suite("broken", "why")
    write(
        "plugins/breaks.py",
        """
        from pathlib import Path
        from sygra_eval import hookimpl, Row
        from sygra_eval.data.sources import DiskSource

        class Breaks(DiskSource):
            def fingerprint(self):
                raise ZeroDivisionError("oh")

        @hookimpl
        def sygra_register_sources(register):
            from sygra_eval.data.disk_config import DiskConfig
            register("breaks", Breaks, config=DiskConfig)
        """,
    )
    text = Path(broken).read_text().replace("type: disk", "type: breaks")
    Path(broken).write_text(text)

    ran = run("--trust", broken, good, "--json")

    assert [line["exit"] for line in ran.json] == [3, 0]
    assert ran.code == 3
    assert "ZeroDivisionError" in ran.json[0]["error"]


def test_after_an_interrupt_no_other_suite_is_started(run, suite):
    first, second = suite("first", "interrupt", *["how"] * 9), suite("second", "why")

    ran = run(first, second, "--json")

    one, two = ran.json
    assert one["exit"] == 2
    assert one["not_reached"] > 0
    assert two.keys() == {"exit", "error"}
    assert two["exit"] == ran.code == 2
    assert not Path("reports/second").exists()


ORDER = (3, 4, 2, 7, 1, 6, 5, 0)


@pytest.mark.parametrize(("worse", "better"), list(combinations(ORDER, 2)))
def test_the_worst_code_follows_the_order_that_is_written_down(worse, better):
    assert worst([better, worse]) == worst([worse, better]) == worse


# Trust


NODE = """
from pathlib import Path

from sygra_eval import hookimpl

Path(__file__).parents[1].joinpath("imported").touch()

async def shout(node, state, ctx):
    return {"answer": state["question"].upper()}

@hookimpl
def sygra_register_nodes(register):
    register("shout", shout)
"""


@pytest.fixture
def shouting(suite, write):
    """A suite whose node is in a plugin folder beside it."""
    path = suite("small", "why")
    text = Path(path).read_text()
    start, end = text.index("    solve:"), text.index("  edges:")
    Path(path).write_text(
        f"{text[:start]}    solve: {{node_type: shout}}\n{text[end:]}".replace(
            "quality: {", "quality: {candidate: answer, "
        )
    )
    write("plugins/shout.py", NODE)
    return path


def test_a_plugin_folder_is_not_imported_before_it_is_trusted(run, shouting):
    ran = run(shouting)

    assert ran.code == 4
    assert "error[unknown-type]" in ran.err
    assert not Path("imported").exists()


def test_run_says_which_folder_it_did_not_import(run, suite, write):
    write("plugins/shout.py", NODE)

    assert "plugins was not imported" in run(suite("small", "why")).err


def test_trust_is_given_once(run, shouting):
    first = run(shouting, "--trust", "--json")
    second = run(shouting, "--json")

    assert (first.code, second.code) == (0, 0)
    row = json.loads(Path(second.json[0]["run"], "verified.jsonl").read_text())
    assert row["answer"] == "WHY"


def test_trust_that_cannot_be_kept_is_for_this_run_and_said(run, shouting, monkeypatch, tmp_path):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "a file" / "config"))

    ran = run(shouting, "--trust")

    assert ran.code == 0
    assert "note: " in ran.err
    assert "not be remembered" in ran.err


def test_a_resume_can_say_that_it_trusts_the_plugins_folder(cli, run, shouting, monkeypatch):
    first = run(shouting, "--trust", "--json").json[0]
    Path(first["run"], "manifest.json").unlink()  # as if it had died before its last file
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(Path("forgotten").absolute()))
    asked_again = ["-p", "echo.py", "--unsafe-no-sandbox", "--json"]

    refused = cli("resume", first["run"], *asked_again)
    Path("imported").unlink(missing_ok=True)
    ran = cli("resume", first["run"], "--trust", *asked_again)
    Path(first["run"], "manifest.json").unlink()
    remembered = cli("resume", first["run"], *asked_again)

    assert refused.code == 4
    assert (ran.code, ran.json[0]["verified"]) == (0, first["verified"])
    assert remembered.code == 0
