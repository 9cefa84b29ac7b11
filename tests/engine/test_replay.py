"""A run answered from the journal of another one: no server, and the same answers."""

import json
import shutil
import time
from pathlib import Path

import pytest

from sygra_eval.models.replay import ReplayModel
from sygra_eval.values import ChatRequest, Message, ModelSpec, ModelUnavailable
from tests.engine.conftest import code_row

ROWS = (
    code_row("a", "draft=right"),
    code_row("b", "draft=wrong revise=right"),
    code_row("c", "draft=right"),
)


def replaying(run: object) -> dict[str, str]:
    return dict.fromkeys(("author", "critic"), f"replay:{run}")


async def test_a_replay_gives_the_rows_of_the_recorded_run_without_a_server(
    code_suite, run, endpoint
):
    suite = code_suite(*ROWS)
    recorded = await run(suite, name="recorded")
    asked = len(endpoint.requests)
    await endpoint.stop()

    again = await run(suite, name="again", models=replaying(recorded.folder))

    assert len(endpoint.requests) == asked
    assert again.outcomes() == recorded.outcomes() == dict.fromkeys("abc", "verified")
    for ours, theirs in zip(again.rows("verified"), recorded.rows("verified"), strict=True):
        for row in (ours, theirs):
            row["provenance"].pop("suite_sha256")  # the replay is a suite of other models
        assert ours == theirs


async def test_a_model_of_the_suite_may_replay_with_parameters_of_its_own_left_out(
    code_suite, run, endpoint
):
    recorded = await run(code_suite(*ROWS), name="recorded")
    taped = {"use": "replay", "run": str(recorded.folder)}

    again = await run(code_suite(*ROWS, folder="b", models={"author": taped, "critic": taped}))

    assert again.outcomes() == dict.fromkeys("abc", "verified")


async def test_a_replay_may_take_its_time_and_is_heard_in_pieces(code_suite, run):
    recorded = await run(code_suite(code_row("a", "draft=right")), name="recorded")
    config = {"run": str(recorded.folder), "pace": 100}
    model = ReplayModel(ModelSpec(name="author", use="replay", config=config, folder=Path()))
    await model.open()
    heard: list[str] = []
    asked = ChatRequest(messages=(Message("user", "draft draft=right"),), on_text=heard.append)
    began_s = time.monotonic()

    answer = await model.complete(asked)

    assert time.monotonic() - began_s >= 100 * answer.latency_s > 0
    assert "".join(heard) == answer.text
    await model.close()


async def test_what_was_not_recorded_fails_its_row_and_says_why(code_suite, run):
    recorded = await run(code_suite(*ROWS), name="recorded")
    changed = code_suite(*ROWS, code_row("new", "draft=right critic=never"), folder="b")

    again = await run(changed, name="again", models=replaying(recorded.folder))

    assert again.outcomes() == {**dict.fromkeys("abc", "verified"), "new": "failed"}
    (failed,) = again.rows("failed")
    assert failed["reason"].startswith("not_recorded: ")
    assert "solve/draft of new" in failed["reason"]


async def test_samples_of_one_prompt_keep_their_order_at_another_place(code_suite, run, endpoint):
    recorded = await run(code_suite(*ROWS), name="recorded")
    renamed = [{**row, "id": f"other-{row['id']}"} for row in ROWS]

    again = await run(code_suite(*renamed, folder="b"), models=replaying(recorded.folder))

    assert set(again.outcomes().values()) == {"verified"}


async def test_two_models_that_were_recorded_are_told_apart(code_suite, run, endpoint):
    recorded = await run(code_suite(*ROWS), name="recorded")

    again = await run(code_suite(*ROWS), name="b", models={"critic": f"replay:{recorded.folder}"})

    with_author = {
        row["id"]: row["provenance"]["models"][0]["model"] for row in again.rows("verified")
    }
    assert set(with_author.values()) == {"scripted"}
    assert again.outcomes() == recorded.outcomes()


def spec(run: str, folder) -> ModelSpec:
    return ModelSpec(name="author", use="replay", config={"run": run}, folder=folder)


def test_a_run_that_is_not_there_is_refused_with_the_places(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"no run to replay: .*nowhere"):
        ReplayModel(spec("nowhere", tmp_path))


async def test_a_run_is_found_beside_the_suite(code_suite, run, tmp_path):
    recorded = await run(code_suite(*ROWS), name="recorded")
    shutil.copytree(recorded.folder, tmp_path / "beside" / "tape")

    model = ReplayModel(spec("tape", tmp_path / "beside"))
    await model.open()

    request = ChatRequest(messages=(Message("user", "draft draft=right"),))
    assert "return x + 1" in (await model.complete(request)).text
    assert (model.label, model.max_in_flight) == ("scripted", 64)
    await model.close()


async def test_a_run_of_an_older_version_says_what_to_do(code_suite, run, tmp_path, monkeypatch):
    from sygra_eval.engine import plan

    whole = plan.Plan.as_mapping
    monkeypatch.setattr(
        plan.Plan,
        "as_mapping",
        lambda self: {k: v for k, v in whole(self).items() if k != "models"},
    )
    recorded = await run(code_suite(*ROWS), name="recorded")

    with pytest.raises(ModelUnavailable, match="did not note how its models were asked"):
        ReplayModel(spec(str(recorded.folder), tmp_path))


async def test_the_journal_of_the_recorded_run_is_left_alone(code_suite, run):
    recorded = await run(code_suite(*ROWS), name="recorded")
    before = json.dumps(sorted(path.name for path in recorded.folder.iterdir()))

    await run(code_suite(*ROWS), name="again", models=replaying(recorded.folder))

    assert json.dumps(sorted(path.name for path in recorded.folder.iterdir())) == before
