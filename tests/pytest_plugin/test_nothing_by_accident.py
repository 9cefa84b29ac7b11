"""No suite is collected and no call is made that nobody asked for."""

import json
import re

import pytest

from sygra_eval.testing import rate_limited

GRAPH = {
    "candidate": None,
    "graph_config": {
        "nodes": {
            "solve": {
                "node_type": "llm",
                "model": "author",
                "prompt": "{said}",
                "output_keys": "reply",
            }
        },
        "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
    },
}


def asking(project, rows, endpoint, answers, **model):
    entry = {**endpoint.model_entry(), **model}
    return project.suite(rows(answers), models={"author": entry}, **GRAPH)


def chats(endpoint):
    return len(endpoint.requests)


def test_suites_are_left_alone_unless_they_are_named(project, rows, told):
    project.suite(rows("p"), name="one")
    project.suite(rows("p"), name="two")
    project.pytester.makepyfile("def test_python(): pass")

    nobody = project.run()
    a_folder = project.run(".")
    by_pattern = project.run("-v", "-o", "sygra_files=tw*.yaml")

    nobody.assert_outcomes(passed=1)
    a_folder.assert_outcomes(passed=1)
    assert told(by_pattern) == {"PASSED": ["row/0"]}
    by_pattern.assert_outcomes(passed=2)
    assert [run.parent.name for run in project.runs()] == ["two"]


def test_a_yaml_that_is_no_suite_is_left_alone_and_a_broken_suite_is_explained(project, rows):
    for name, text in {
        "workflow": "on: push\njobs: {}\n",
        "other": "suite: nightly\nsteps: []\n",
    }.items():
        (project.folder / f"{name}.yaml").write_text(text)
    broken = project.suite(rows("p"), qualty={})

    others = project.run("-o", "sygra_files=other.yaml workflow.yaml", ".")
    ran = project.run(broken)

    assert others.ret == 5
    assert ran.ret == 2
    ran.stdout.fnmatch_lines(["*error*unknown*`qualty`*", "*fix:*`quality`*"])


def test_without_the_plugin_nothing_is_collected(project, rows):
    suite = project.suite(rows("p"))

    ran = project.run_apart(suite, "-p", "no:sygra_eval")

    assert ran.ret == 4
    assert project.runs() == []


def test_collect_only_asks_no_model_and_leaves_no_folder(project, rows, endpoint):
    suite = asking(project, rows, endpoint, "ppp")

    ran = project.run(suite, "--collect-only", "-q")

    assert ran.outlines[:3] == [f"s.yaml::default::row/{number}" for number in range(3)]
    assert chats(endpoint) == 0
    assert endpoint.paths == []
    assert not (project.folder / "reports").exists()
    ran.stdout.no_fnmatch_line("*= sygra_eval =*")  # no run was begun


def test_one_call_is_made_for_each_selected_row_and_its_cost_is_told(project, rows, endpoint):
    endpoint.answers_with(lambda body: "ok")
    suite = asking(project, rows, endpoint, "pppp", price={"input": 1.0, "output": 2.0})

    ran = project.run(suite, "-k", "row/1 or row/3", "--junitxml=report.xml")

    ran.assert_outcomes(passed=2, deselected=2)
    assert chats(endpoint) == 2
    report = (project.folder / "report.xml").read_text()
    costs = re.findall(r'"sygra_cost_usd" value="([^"]+)"', report)
    (run,) = project.runs()
    total = json.loads((run / "report.json").read_text())["spent"]["cost_usd"]["value"]
    assert len(costs) == 2
    assert sum(map(float, costs)) == pytest.approx(total)
    assert total > 0


def test_after_the_first_failure_no_more_is_begun_than_the_look_ahead(project, endpoint):
    refused = []

    def answer(body):
        if body["messages"][-1]["content"] == "first" and not refused:
            refused.append(body)
            return rate_limited(retry_after_s=1)  # all others would have ended meanwhile
        return "far too long"

    endpoint.answers_with(answer)
    said = ["first", *["other"] * 59]
    questions = [{"id": f"row/{number}", "said": text} for number, text in enumerate(said)]
    entry = {**endpoint.model_entry(), "max_concurrency": 2}
    suite = project.suite(questions, models={"author": entry}, **GRAPH)

    ran = project.run(suite, "-x")

    ran.assert_outcomes(failed=1)
    assert 2 <= chats(endpoint) <= 1 + 2 * 2 + 2
    (run,) = project.runs()
    assert (run / "report.json").is_file()


def test_maxfail_counts_rows(project, rows):
    suite = project.suite(rows("rrrr"))

    project.run(suite, "--maxfail=2").assert_outcomes(failed=2)


def test_models_elsewhere_are_asked_only_where_that_is_said(project, rows, endpoint):
    endpoint.answers_with(lambda body: "ok")
    suite = asking(project, rows, endpoint, "pp")
    address = endpoint.model_entry()["base_url"]
    elsewhere = suite.read_text().replace("127.0.0.1", "models.invalid")
    suite.write_text(elsewhere)

    skipped = project.run(suite, "-rs", "-p", "no:skipping")
    replaced = project.run(suite, "--sygra-model", f"author={address}#scripted")
    allowed = project.run(suite, "--sygra-calls", "-rE")

    skipped.assert_outcomes(skipped=2)
    replaced.assert_outcomes(passed=2)
    allowed.assert_outcomes(errors=2)
    allowed.stdout.fnmatch_lines(["*models.invalid*"])
    assert chats(endpoint) == 2


def test_plugins_beside_a_suite_are_imported_when_they_are_trusted(project, rows):
    plugins = project.pytester.mkdir("plugins")
    plugins.joinpath("mine.py").write_text(
        """
from sygra_eval import Status, Verdict, hookimpl

async def mine(candidate, ctx):
    return Verdict(validator=ctx.validator.name, status=Status.PASS, reason="mine")

@hookimpl
def sygra_register_validators(register):
    register("mine", mine)
"""
    )
    (project.folder / "pyproject.toml").write_text("")
    suite = project.suite(rows("p"), quality={"validators": [{"use": "mine"}]})

    untrusted = project.run(suite)
    trusted = project.run(suite, "--sygra-trust")

    assert untrusted.ret == 2
    trusted.assert_outcomes(passed=1)


def test_under_xdist_each_row_is_run_and_paid_once(project, rows, endpoint):
    pytest.importorskip("xdist")
    endpoint.answers_with(lambda body: body["messages"][-1]["content"])
    suite = asking(project, rows, endpoint, "prpprp")

    ran = project.run_apart(suite, "-n", "2")

    ran.assert_outcomes(passed=4, failed=2)
    assert chats(endpoint) == 6
    ended = [
        json.loads((run / "report.json").read_text())["rows"]["value"] for run in project.runs()
    ]
    assert sum(ended) == 6
    assert ran.stdout.str().count("files     ") == len(ended)


def test_run_folders_go_where_they_are_asked_to(project, rows):
    suite = project.suite(rows("p"))

    ran = project.run(suite, "--sygra-out", "elsewhere")

    (journal,) = project.folder.glob("elsewhere/s/*/journal.db")
    run = journal.parent
    ran.stdout.fnmatch_lines([f"files     {run}"])
    assert json.loads((run / "report.json").read_text())["rows"]["value"] == 1
