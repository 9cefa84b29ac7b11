"""The auditor finds each breach that it is there for; a good log has none."""

import subprocess
import sys

import pytest

from sygra_eval.testing.audit import Bound, Event, line_of, main, mark, problems, read


def log(*words: str) -> list[Event]:
    """Make a log of words like `begun:1:a`, or a mark alone."""
    events = []
    for at_s, word in enumerate(words):
        kind, _, rest = word.partition(":")
        call, _, request = rest.partition(":")
        events.append(Event(float(at_s), kind, int(call or -1), request))
    return events


GOOD = log("begun:1:a", "paid:1:a", "begun:2:b", "ended:1", "paid:2:b", "ended:2", "drained")


def test_a_good_log_has_no_problem():
    assert problems(GOOD, most_in_flight=2) == []


@pytest.mark.parametrize(
    ("events", "limit", "found"),
    [
        (GOOD, 1, "2 calls were in flight at once; the limit was 1"),
        ([*GOOD, *log("begun:3:c")], 2, "call 3 began after the drain"),
        ([*GOOD, *log("paid:3:a")], 2, "request a was paid 2 times; at most 1"),
        ([*GOOD, *log("killed", "paid:3:a", "paid:4:a")], 2, "request a was paid 3 times"),
    ],
)
def test_a_breach_is_found(events, limit, found):
    (problem,) = problems(events, most_in_flight=limit)

    assert problem.startswith(found)


def test_a_call_that_hangs_is_in_flight_until_then():
    left = log("begun:1:a", "hung:1", "begun:2:b", "ended:2")

    assert problems(left, most_in_flight=1) == []


def test_a_kill_allows_each_request_to_be_paid_once_more():
    assert problems([*GOOD, *log("killed", "begun:3:a", "paid:3:a", "ended:3")]) == []


def test_what_the_server_lost_on_the_way_may_be_asked_for_again():
    assert problems(log("begun:1:a", "lost:1:a", "ended:1", "begun:2:a", "paid:2:a")) == []


def test_a_call_that_begins_when_the_budget_is_paid_is_found():
    bound = Bound(most=30, a_prompt_token=1, a_completion_token=2)
    paid = [Event(0, "begun", 1), Event(0, "paid", 1, "a", "", 10, 9)]
    more = [Event(1, "begun", 2), Event(1, "paid", 2, "b", "", 10, 9), Event(2, "begun", 3)]

    assert problems(paid + more[:2], budgets=[bound]) == []
    assert problems(paid + more, budgets=[bound]) == ["call 3 began when 56 of 30 were paid"]


def test_as_a_program_it_ends_with_1_and_a_line_for_each_problem(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(line_of(event) for event in GOOD))
    mark(path, "resumed")
    command = [sys.executable, "-m", "sygra_eval.testing.audit", str(path), "--limit"]

    good = subprocess.run([*command, "2"], capture_output=True, text=True, check=False)  # noqa: S603
    bad = subprocess.run([*command, "1"], capture_output=True, text=True, check=False)  # noqa: S603

    assert (good.returncode, good.stdout) == (0, "")
    assert (bad.returncode, bad.stdout.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("--most-calls", "2"), 0),
        (("--most-calls", "1"), 1),
        (("--most-tokens", "15"), 1),
        (("--most-usd", "0.1", "--price", "1000,9000"), 0),
        (("--most-usd", "0.1", "--price", "1000,10000"), 1),
    ],
)
def test_the_program_takes_a_budget_in_calls_tokens_and_money(tmp_path, given, found, monkeypatch):
    path = tmp_path / "events.jsonl"
    events = [Event(0, "begun", 1), Event(0, "paid", 1, "a", "", 5, 10), Event(1, "begun", 2)]
    path.write_text("".join(line_of(event) for event in events))
    monkeypatch.setattr(sys, "argv", ["audit", str(path), *given])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == found


def test_a_line_that_a_kill_cut_off_ends_the_log(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text(line_of(GOOD[0]) + line_of(GOOD[1])[:20])

    assert list(read(path)) == [GOOD[0]]


def test_a_request_of_a_batch_is_paid_once_however_often_the_client_is_killed():
    events = [
        Event(1.0, "batched", request="a"),
        Event(2.0, "killed"),
        Event(3.0, "batched", request="b"),
    ]
    again = [*events, Event(4.0, "batched", request="a")]

    assert problems(events) == []
    assert problems(again) == ["request a was paid 2 times in batches; at most 1"]
    assert problems(again, samples=2) == []
