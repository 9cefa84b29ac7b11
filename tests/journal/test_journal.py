import asyncio
import sqlite3

import pytest

from sygra_eval.journal import Journal, JournalUnwritable, open_readonly
from sygra_eval.values import (
    BadAnswer,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Status,
    StopReason,
    UsageError,
    Verdict,
)

PLAN = {"suite": "glaive", "input": "sha256 …"}


@pytest.fixture
async def journal(path):
    async with Journal.create(path, PLAN) as journal:
        yield journal


def ended(index, outcome=Outcome.VERIFIED, reason="", **data):
    loop = LoopEnd(
        node="solve",
        stop_reason=StopReason.SENTINEL,
        rounds=1,
        samples=1,
        sentinels_refused=0,
        tokens=9,
        kept_round=1,
    )
    return RecordEnd(
        row_id=f"r{index}", index=index, outcome=outcome, reason=reason, data=data, loop=loop
    )


def a_round(number, critique=None):
    return Round(node="solve", number=number, attempts=(), critique=critique)


def verdict(status=Status.PASS):
    return Verdict(validator="unit_tests", status=status, reason="")


async def test_a_committed_call_is_answered_at_once_and_after_reopening(journal, path, call):
    key, *rest, response = call()
    assert journal.answer(key) is None

    await journal.commit_call(key, *rest, response)

    assert journal.answer(key) == response
    await journal.close()
    async with Journal.open(path) as again:
        assert again.answer(key) == response


async def test_what_was_committed_is_on_disk_though_nobody_closed(journal, path, after_kill, call):
    key, *rest = call()
    await journal.commit_call(key, *rest)

    with open_readonly(after_kill(path)) as found:
        assert found.answer(key) == rest[-1]


async def test_many_at_once_share_their_commits(journal, call):
    calls = [call(f"r{number}") for number in range(1000)]

    await asyncio.gather(*(journal.commit_call(*one) for one in calls))

    assert all(journal.answer(key) == response for key, *_, response in calls)
    assert journal.reader.calls_summary().calls == 1000


async def test_rounds_and_events_are_on_disk_no_later_than_the_next_commit(
    journal, path, after_kill
):
    journal.append_round("r1", a_round(2, "again"))
    journal.append_round("r1", a_round(1))
    journal.event("resumed", pid=17)
    await journal.finish(ended(1))

    with open_readonly(after_kill(path)) as found:
        assert found.rounds("r1") == (a_round(1), a_round(2, "again"))
        assert [(event.kind, event.data) for event in found.events()] == [("resumed", {"pid": 17})]


async def test_flush_waits_for_what_is_only_queued(journal):
    journal.append_round("r1", a_round(1))

    await journal.flush()

    assert journal.reader.rounds("r1") == (a_round(1),)


async def test_a_visit_comes_back_as_a_resumed_run_will_see_it(journal):
    given = {"z": (1, 2), "a": {"1": "\ud800"}}

    journal.append_visit("r1", "solve", given)
    await journal.flush()

    seen = journal.visit("r1", "solve")
    assert seen == {"z": [1, 2], "a": {"1": "\ud800"}}
    assert list(seen) == ["z", "a"]
    assert journal.visit("r1", "other") is None


async def test_a_visit_that_is_not_json_is_refused_and_the_journal_goes_on(journal):
    with pytest.raises(BadAnswer, match="object is not JSON"):
        journal.append_visit("r1", "solve", {"x": object()})

    journal.append_visit("r1", "solve", {"x": 1})
    await journal.flush()
    assert journal.visit("r1", "solve") == {"x": 1}


async def test_outcomes_stream_in_the_order_of_the_source(journal):
    for index in (700, 3, 300, 0):
        await journal.finish(ended(index, z=index, a="\udfff"))

    found = list(journal.reader.outcomes())

    assert [end.index for end in found] == [0, 3, 300, 700]
    assert (
        found[-1]
        == journal.outcome(700)
        == journal.reader.find("r700")
        == ended(700, z=700, a="\udfff")
    )
    assert list(found[-1].data) == ["z", "a"]
    assert (journal.has_outcome(3), journal.has_outcome(4)) == (True, False)


async def test_the_rows_of_one_outcome_come_as_they_were_given_and_in_order(journal):
    for index, outcome in ((9, Outcome.FAILED), (4, Outcome.VERIFIED), (1, Outcome.FAILED)):
        await journal.finish(ended(index, outcome, z=index, a="\ud800"))

    rows = list(journal.reader.rows(Outcome.FAILED))

    assert rows == [{"z": 1, "a": "\ud800"}, {"z": 9, "a": "\ud800"}]
    assert list(rows[0]) == ["z", "a"]
    assert list(journal.reader.rows(Outcome.REJECTED)) == []


async def test_streams_go_past_one_page(journal, call):
    await asyncio.gather(*(journal.finish(ended(index)) for index in range(600)))
    await asyncio.gather(*(journal.commit_call(*call(f"r{index}")) for index in range(600)))
    for number in range(600):
        journal.event("tick", number=number)
    await journal.flush()

    assert [end.index for end in journal.reader.outcomes()] == list(range(600))
    assert journal.reader.counts()[Outcome.VERIFIED] == 600
    assert [event.data["number"] for event in journal.reader.events()] == list(range(600))
    assert journal.reader.calls_summary().calls == 600


async def test_counts_and_calls_add_up(journal, call):
    for index, outcome in enumerate([Outcome.VERIFIED, Outcome.REJECTED, Outcome.VERIFIED]):
        await journal.finish(ended(index, outcome))
    await journal.commit_call(*call("a", tokens=10))
    await journal.commit_call(*call("b", tokens=20))

    summary = journal.reader.calls_summary()

    assert journal.reader.counts() == {"verified": 2, "rejected": 1, "failed": 0, "unjudged": 0}
    assert (summary.calls, summary.prompt_tokens, summary.completion_tokens) == (2, 30, 2)
    assert (summary.estimated, summary.tries, summary.latency_s) == (0, 2, 1.0)


async def test_forget_failed_takes_what_depends_on_infrastructure_and_no_call(journal, call):
    await journal.finish(ended(0, Outcome.FAILED, "rate_limited: gave up"))
    await journal.finish(ended(1, Outcome.FAILED, "bad_input: q.jsonl:2 is no object"))
    await journal.finish(ended(2, Outcome.REJECTED, "unit_tests"))
    for record in ("r0", "r1", "r2"):
        await journal.commit_call(*call(record))
        journal.append_visit(record, "solve", {"answer": "x"})
        await journal.commit_execution(f"{record}-error".encode(), record, verdict(Status.ERROR))
        await journal.commit_execution(f"{record}-pass".encode(), record, verdict())
        journal.append_round(record, a_round(1))

    assert await journal.forget_failed() == 1

    assert [end.row_id for end in journal.reader.outcomes()] == ["r1", "r2"]
    assert [bool(journal.visit(f"r{n}", "solve")) for n in range(3)] == [False, True, True]
    assert [len(journal.reader.rounds(f"r{n}")) for n in range(3)] == [0, 1, 1]
    assert (journal.execution(b"r0-error"), journal.execution(b"r0-pass")) == (None, verdict())
    assert journal.execution(b"r2-error") == verdict(Status.ERROR)
    assert journal.reader.calls_summary().calls == 3


async def test_the_plan_is_there_and_create_never_replaces_a_journal(journal, path):
    assert journal.plan() == PLAN

    with pytest.raises(UsageError, match="journal already"):
        Journal.create(path, PLAN)

    assert journal.plan() == PLAN


async def test_what_a_killed_creation_left_behind_is_no_obstacle(path):
    path.with_name("journal.db.tmp").write_bytes(b"half a file")
    path.with_name("journal.db.tmp-wal").write_bytes(b"half a log")

    async with Journal.create(path, PLAN) as journal:
        assert journal.plan() == PLAN

    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]


async def test_a_closed_journal_refuses_and_closing_twice_is_no_error(path, call):
    journal = Journal.create(path, PLAN)
    await journal.close()
    await journal.close()

    with pytest.raises(JournalUnwritable, match="closed"):
        await journal.commit_call(*call())
    with pytest.raises(JournalUnwritable, match="closed"):
        journal.event("late")


async def test_closing_leaves_one_file_with_everything_in_it(path, call):
    journal = Journal.create(path, PLAN)
    journal.append_round("r1", a_round(1))
    await journal.close()

    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
    with open_readonly(path) as found:
        assert found.rounds("r1") == (a_round(1),)


async def test_one_who_stops_waiting_disturbs_nobody(journal, call):
    given_up = asyncio.create_task(journal.commit_call(*call("r1")))
    await asyncio.sleep(0)
    given_up.cancel()

    await journal.commit_call(*call("r2"))

    assert journal.answer(call("r1")[0]) is not None


def test_a_loop_that_ended_does_not_end_the_writer(path, call):
    async def hand_in_and_leave():
        journal = Journal.create(path, PLAN)
        waiting = asyncio.ensure_future(journal.commit_call(*call("r1")))
        await asyncio.sleep(0)
        waiting.cancel()
        return journal

    async def go_on(journal):
        await journal.commit_call(*call("r2"))
        assert journal.reader.calls_summary().calls == 2
        await journal.close()

    asyncio.run(go_on(asyncio.run(hand_in_and_leave())))


async def test_two_journals_in_one_process_do_not_disturb_each_other(tmp_path, call):
    async with (
        Journal.create(tmp_path / "a.db", {"suite": "a"}) as a,
        Journal.create(tmp_path / "b.db", {"suite": "b"}) as b,
    ):
        await asyncio.gather(
            *(
                j.commit_call(*call(f"r{n}", text=j.plan()["suite"]))
                for n in range(50)
                for j in (a, b)
            )
        )

        assert {a.answer(call(f"r{n}")[0]).text for n in range(50)} == {"a"}
        assert {b.answer(call(f"r{n}")[0]).text for n in range(50)} == {"b"}


async def test_a_second_answer_to_the_same_call_replaces_the_first(journal, call):
    await journal.commit_call(*call(text="first"))
    await journal.commit_call(*call(text="second"))

    assert journal.answer(call()[0]).text == "second"
    assert journal.reader.calls_summary().calls == 1


async def test_a_viewer_that_reads_slowly_does_not_hold_up_the_log(journal, path, call):
    for index in range(300):
        await journal.finish(ended(index))
    with open_readonly(path) as viewer:
        slow = viewer.outcomes()
        next(slow)
        await journal.flush()

        with sqlite3.connect(path) as other:
            busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        other.close()

        assert busy == 0
        assert len(list(slow)) == 299
