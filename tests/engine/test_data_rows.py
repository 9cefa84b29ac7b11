"""The rows that land: design.md section 10 fixes their columns, and others rely on them."""

import hashlib
import json

import pyarrow.parquet as pq

from sygra_eval.engine import RunOptions, run_suite
from tests.engine.conftest import CODE, FAST_PLUGIN, Run, code_row, fast_suite

OURS = [
    "answer",
    "code",
    "messages",
    "rounds",
    "stop_reason",
    "verdicts",
    "provenance",
    "grade",
]
TRIED = [*OURS, "weak_tests"]


async def test_a_verified_row_has_the_columns_of_the_design_in_that_order(code_suite, run):
    row = code_row("r0", "draft=wrong critic=honest revise=right")

    finished = await run(code_suite(row))

    (verified,) = finished.rows("verified")
    assert list(verified) == [*row, *TRIED]
    assert {name: verified[name] for name in row} == row
    assert (verified["answer"], verified["code"]) == (
        CODE["right"],
        "def f(x):\n    return x + 1\n",
    )
    assert (verified["rounds"], verified["stop_reason"]) == (2, "sentinel")
    assert verified["grade"] == "tests + hidden"
    assert pq.read_schema(finished.folder / "verified.parquet").names == [*row, *TRIED]


async def test_the_verdicts_of_a_row_say_who_judged_how_and_in_what_isolation(code_suite, run):
    finished = await run(code_suite(code_row("r0", "draft=right")))

    (verified,) = finished.rows("verified")
    compiles, tests = verified["verdicts"]
    assert list(tests) == ["validator", "status", "score", "reason", "isolation"]
    assert (compiles["validator"], compiles["status"]) == ("python_compiles", "pass")
    assert (tests["status"], tests["score"]) == ("pass", 1.0)
    assert tests["reason"] == "1 of 1 visible and 1 of 1 hidden tests passed"
    assert "seccomp,rlimit" in tests["isolation"]


async def test_the_provenance_names_suite_row_models_and_prompt(code_suite, run):
    finished = await run(code_suite(code_row("r0", "draft=wrong critic=honest revise=right")))

    (verified,) = finished.rows("verified")
    provenance = verified["provenance"]
    assert list(provenance) == ["suite_sha256", "row_id", "models", "prompt_sha256"]
    assert provenance["suite_sha256"] == finished.summary.suite_sha256
    assert provenance["row_id"] == "r0"
    assert [(use["role"], use["name"], use["model"]) for use in provenance["models"]] == [
        ("draft", "author", "scripted"),
        ("critique", "critic", "scripted"),
        ("revise", "author", "scripted"),
    ]
    assert json.loads(provenance["models"][0]["parameters"]) == {"temperature": 0.5}


async def test_the_messages_are_the_first_prompt_and_the_kept_answer(code_suite, run):
    question = "draft=wrong critic=honest revise=right"

    finished = await run(code_suite(code_row("r0", question)))

    (verified,) = finished.rows("verified")
    prompt = {"role": "user", "content": f"draft {question}"}
    assert verified["messages"] == [prompt, {"role": "assistant", "content": CODE["right"]}]
    canonical = json.dumps([prompt], sort_keys=True).encode()
    assert verified["provenance"]["prompt_sha256"] == hashlib.sha256(canonical).hexdigest()


async def test_columns_of_the_output_map_come_after_ours(tmp_path, run):
    output = {"output_map": {"tagged": {"from": "tag"}, "kind": {"value": "synthetic"}}}
    suite = fast_suite(tmp_path, ["one"], output_config=output)

    finished = await run(suite)

    (verified,) = finished.rows("verified")
    assert list(verified) == ["id", "question", *OURS, "tagged", "kind"]
    assert verified["tagged"].startswith("r0 0.")
    assert (verified["kind"], verified["stop_reason"], verified["rounds"]) == ("synthetic", None, 1)


async def test_two_runs_of_the_same_answers_write_the_same_bytes(tmp_path):
    suite = fast_suite(tmp_path, ["one", "says-fail", "two", "call-timeout", "three"] * 5)
    files = ("verified.jsonl", "verified.parquet", "rejected.jsonl", "failed.jsonl")

    runs = []
    for name in ("first", "second"):
        options = RunOptions(out=tmp_path / name, plugins=[str(FAST_PLUGIN)])
        summary = await run_suite(suite, options)
        runs.append(Run(summary, summary.folder).bytes_of(*files))

    assert runs[0] == runs[1]


async def test_a_reason_that_the_source_has_is_left_alone(tmp_path, run):
    rows = ['{"id": "r0", "question": "says-fail", "reason": "mine"}']

    finished = await run(fast_suite(tmp_path, rows))

    (rejected,) = finished.rows("rejected")
    assert (rejected["reason"], rejected["outcome_reason"]) == ("mine", "says: as the row says")


async def test_the_manifest_holds_the_hash_of_every_file(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["one", "says-fail"]))

    manifest = json.loads((finished.folder / "manifest.json").read_text())
    for name, said in manifest["files"].items():
        content = (finished.folder / name).read_bytes()
        assert said == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    written = {path.name for path in finished.folder.iterdir() if "journal.db" not in path.name}
    assert set(manifest["files"]) == written - {"manifest.json", "run.log"}
