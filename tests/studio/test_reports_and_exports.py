"""Reports, comparisons, exports, and verdicts come to again, as the interface tells them."""

import asyncio
import csv
import io
import json
import shutil

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from sygra_eval.cli import commands
from sygra_eval.engine import AskedAgain, RunOptions, judged_again, run_suite
from sygra_eval.values import UsageError
from tests.studio.rounds_run import RUN, SUITE
from tests.studio.served import served

_PLUGIN = """from sygra_eval import Status, Verdict, hookimpl

async def theirs(candidate, ctx):
    return Verdict(validator="theirs", status=Status.PASS, reason="so be it")

@hookimpl
def sygra_register_validators(register):
    register("theirs", theirs)
"""
_SUITE = """suite: {name: judged}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {code: "{code}"}
quality: {validators: [{use: theirs}]}
"""
HERE = f"/api/runs/{SUITE}/{RUN}"


@pytest.fixture(scope="module")
def one(rounds_workspace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "here"
    shutil.copytree(rounds_workspace, folder)
    with pytest.MonkeyPatch.context() as patch, served(folder) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


def said_again(folder, **asked):
    async def all_of_it():
        return [one async for one in judged_again(folder, AskedAgain(**asked))]

    return asyncio.run(all_of_it())


def test_the_report_has_the_figures_of_the_command_line(one):
    folder = one.workspace.run(SUITE, RUN)
    printed = CliRunner().invoke(commands, ["report", str(folder), "--as", "json"]).output

    assert one.client.get(f"{HERE}/report").json() == json.loads(printed)
    (folder / "manifest.json").rename(folder / "manifest.away")  # so that the journal has to say
    made = one.client.get(f"{HERE}/report").json()
    (folder / "manifest.away").rename(folder / "manifest.json")
    assert made == json.loads(printed)


def test_what_guardrails_said_is_told_at_the_node_the_run_and_the_row(one):
    counts = one.client.get(HERE).json()["counts"]
    report = one.client.get(f"{HERE}/report").json()
    row = one.client.get(f"{HERE}/row", params={"row": "q/right"}).json()

    said = sum(line["pass"]["value"] for line in report["guardrails"])
    assert counts["nodes"]["solve"]["guards"] == {"passed": said}
    assert counts["guardrails"] == [{"name": "secrets", "actions": {"passed": said}}]
    assert [guard["name"] for guard in row["guards"]] == ["secrets"] * 2


def test_a_page_made_of_a_run_is_saved_and_never_shown(one):
    page = one.client.get(f"{HERE}/report/file", params={"format": "html"})

    assert page.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.text.startswith("<!")
    assert "</script><script>window.hurt" not in page.text


def test_what_cannot_be_compared_is_named(one):
    both = {"a": f"{SUITE}/{RUN}", "b": f"{SUITE}/../{RUN}"}

    gone = one.client.get("/api/compare", params=both)

    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not-found")


def test_one_run_alone_and_six_are_not_compared(one):
    name = f"{SUITE}/{RUN}"

    assert one.client.get("/api/compare", params={"a": name}).status_code == 422
    assert one.client.get("/api/compare", params={"a": name, "b": [name] * 5}).status_code == 422


def test_an_export_has_the_rows_of_the_view_with_provenance_and_marks(one):
    mark = {"row": "q/hopeless", "kind": "fix", "text": "=1+1", "author": "ada"}
    assert one.client.post(f"{HERE}/marks", json=mark).status_code == 200

    def export(form):
        asked = {"format": form, "outcome": "rejected", "sort": "-id"}
        return one.client.get(f"{HERE}/export", params=asked)

    lines = [json.loads(line) for line in export("jsonl").text.splitlines()]
    assert [line["studio"]["row"] for line in lines] == ["q/long", "q/hopeless"]
    assert lines[1]["studio"]["mark"]["fix"] == "=1+1"
    assert lines[1]["provenance"]["row_id"] == "q/hopeless"
    assert "x - step" in lines[1]["code"], "a correction does not take the answer's place"
    table = pq.read_table(io.BytesIO(export("parquet").content)).to_pylist()
    assert [row["studio"]["row"] for row in table] == ["q/long", "q/hopeless"]
    cells = list(csv.DictReader(io.StringIO(export("csv").text)))
    assert (cells[1]["by"], cells[1]["fix"]) == ("ada", "'=1+1")


def test_a_verdict_that_is_come_to_again_brings_its_evidence(rounds_workspace):
    folder = rounds_workspace / "reports" / SUITE / RUN

    found = said_again(folder, row="q/repaired", validator="unit_tests", times=2)

    assert [(one.journalled.status, one.agrees) for one in found] == [("pass", True)] * 2
    assert all(one.now.evidence.isolation for one in found)


def test_nobody_can_ask_for_more_than_ten_times_or_for_what_is_not_there(one):
    def ask(**asked):
        return one.client.post(f"{HERE}/verdicts", json={"row": "q/right", **asked}).status_code

    assert ask(times=11) == 422
    assert ask(row="") == 422
    assert one.client.post("/api/runs/no/such/verdicts", json={"row": "a"}).status_code == 404


@pytest.mark.parametrize("asked", [{"row": "q/none"}, {"round": 7}, {"validator": "unit_test"}])
def test_a_candidate_that_is_not_there_is_refused(rounds_workspace, asked):
    folder = rounds_workspace / "reports" / SUITE / RUN

    with pytest.raises(UsageError, match=r"has not ended|none at place 7|`unit_tests`"):
        said_again(folder, **{"row": "q/right", **asked})


def test_a_draft_is_judged_as_it_was_in_its_round(rounds_workspace):
    folder = rounds_workspace / "reports" / SUITE / RUN

    found = said_again(folder, row="q/repaired", round=0)

    said = {one.now.validator: (one.journalled.status, one.now.status) for one in found}
    assert said["unit_tests"] == ("fail", "fail")
    assert said["python_compiles"] == ("pass", "pass")
    assert all(one.agrees for one in found)


def test_plugins_that_nobody_trusts_judge_nothing(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "theirs.py").write_text(_PLUGIN)
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "code": "x = 1"}\n')
    suite = tmp_path / "judged.yaml"
    suite.write_text(_SUITE)
    asyncio.run(run_suite(suite, RunOptions(out=tmp_path / "reports", name="b", is_trusted=True)))

    with served(tmp_path) as other:
        answer = other.client.post("/api/runs/judged/b/verdicts", json={"row": "a"})

    assert answer.status_code == 409
    assert "not trusted yet" in answer.json()["error"]["message"]


def test_a_read_only_studio_judges_nothing(rounds_workspace):
    with served(rounds_workspace, is_read_only=True) as looking:
        assert looking.client.post(f"{HERE}/verdicts", json={"row": "q/right"}).status_code == 403
