import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.breaker import WINDOW, Breaker, Circuit


def failing(breaker: Breaker, records: int, *, over_s: float = 20.0) -> None:
    for number in range(records):
        breaker.failed(f"r{number}", over_s * number / max(1, records - 1))


def test_it_opens_when_many_records_fail_for_a_while_and_says_when_to_try():
    breaker = Breaker()

    failing(breaker, 20)

    assert breaker.state is Circuit.OPEN
    assert breaker.down_since_s == 0.0
    assert breaker.wait_s(12.0) == pytest.approx(3.5, abs=1)


def test_one_prompt_that_always_breaks_the_server_does_not_open_it():
    breaker = Breaker()

    for second in range(100):
        breaker.failed("poison", float(second))
        if second % 10 == 0:
            breaker.answered(f"r{second}", float(second))

    assert breaker.state is Circuit.CLOSED


def test_a_short_burst_of_failures_does_not_open_it():
    breaker = Breaker()

    failing(breaker, 40, over_s=9.0)

    assert breaker.state is Circuit.CLOSED


def test_records_that_succeed_when_they_try_again_are_not_failing():
    breaker = Breaker()

    for number in range(200):
        breaker.failed(f"r{number}", float(number))
        breaker.answered(f"r{number}", number + 0.5)

    assert breaker.state is Circuit.CLOSED


def test_one_call_tries_and_a_good_answer_closes_it():
    breaker = Breaker()
    failing(breaker, 20)

    breaker.sent()
    while_it_tries = breaker.wait_s(100.0)
    breaker.answered("r1", 100.0)

    assert while_it_tries is None
    assert (breaker.state, breaker.wait_s(100.0), breaker.down_since_s) == (Circuit.CLOSED, 0, None)


def test_each_try_that_fails_doubles_the_pause_up_to_a_minute():
    breaker, pauses, now_s = Breaker(), [], 100.0
    failing(breaker, 20)

    for _ in range(6):
        breaker.sent()
        breaker.failed("r1", now_s)
        pauses.append(breaker.wait_s(now_s))
        now_s += 60

    assert pauses == [10, 20, 40, 60, 60, 60]
    assert breaker.down_since_s == 0.0


def test_a_cancelled_try_leaves_the_next_one_to_try():
    breaker = Breaker()
    failing(breaker, 20)
    breaker.sent()

    breaker.given_up()

    assert breaker.state is Circuit.OPEN
    assert breaker.wait_s(1_000.0) == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["sent", "ok", "fail", "cancel"]), st.integers(0, 80)), max_size=300
)


@given(steps=STEPS)
def test_it_always_says_when_to_go_on_and_remembers_a_bounded_past(steps):
    breaker = Breaker()

    for now_s, (what, record) in enumerate(steps):
        match what:
            case "sent":
                breaker.sent()
            case "ok":
                breaker.answered(str(record), now_s)
            case "fail":
                breaker.failed(str(record), now_s)
            case "cancel":
                breaker.given_up()

        assert (breaker.wait_s(now_s) is None) == (breaker.state is Circuit.HALF_OPEN)
        assert (breaker.down_since_s is None) == (breaker.state is Circuit.CLOSED)
        assert len(breaker._calls) <= WINDOW
