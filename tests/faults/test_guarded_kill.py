"""`kill -9` of a run with guardrails: what is blocked is not sent, or not paid for twice."""

import pytest

from sygra_eval.engine import summarise
from sygra_eval.journal import open_readonly
from tests.faults.conftest import UNSAVED, block, rows, write_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
KEY = "ghp_Zq7Rt2Xw9Lm4Vb6Np1Ks8Hd3Fg5Jc0Ty4Ue2"  # of GitHub's form, and nobody's
FULL = pytest.mark.only_full("the same through workers")
GUARDRAILS = [
    {"use": "secrets", "at": "input", "on_fail": "block"},
    {"use": "length", "max": 30, "at": "output", "name": "short"},
    {
        "use": "exact",
        "to": {"value": block("return x + 1")},
        "at": "output",
        "node": "solve/revise",
        "on_fail": "block",
    },
]


def guards_of(folder):
    with open_readonly(folder / "journal.db") as reader:
        return {
            end.row_id: [
                (one.at, one.node, one.visit, one.sample, one.verdict.status, one.verdict.reason)
                for one in end.guards
            ]
            for end in reader.outcomes()
        }


@pytest.mark.parametrize(
    "procs",
    [
        pytest.param((), id="one process"),
        pytest.param(("--procs", "2"), id="two workers", marks=FULL),
    ],
)
def test_a_killed_run_ends_with_the_verdicts_and_bytes_of_an_undisturbed_one(
    server, cli, only_run, undisturbed, tmp_path, procs
):
    asked_of = rows(12)
    for row in asked_of[::4]:
        row["question"] += f" with {KEY}"
    sections = {"rows": asked_of, "guardrails": GUARDRAILS}
    suite = write_suite(tmp_path / "guarded", server.base_url, **sections)
    whole = cli("run", suite, "--out", "whole", *procs, "--json").end()
    asked = server.requests()
    server.forget()

    child = cli("run", suite, "--out", "killed", *procs, "--json")
    for moment in (7,):
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        child = cli("resume", only_run("killed"), *procs, "--json")
    resumed = child.end()

    sent = server.requests()
    assert len(asked) == len(set(asked))
    assert set(sent) == set(asked)
    assert len(sent) - len(set(sent)) <= UNSAVED
    for name in FILES:
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert guards_of(resumed.folder) == guards_of(whole.folder)
    assert summarise(resumed.folder).guardrails == summarise(whole.folder).guardrails
    tallies = {(one.guardrail, one.node): one for one in summarise(whole.folder).guardrails}
    assert tallies["secrets", "solve/draft"].blocked == len(asked_of[::4])
    assert tallies["exact", "solve/revise"].blocked > 0
