import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine.repetition import TAIL, are_words_doubled, period_of, repetition_in
from sygra_eval.values import ChatResponse, Usage

PROSE = (
    "A function that adds one to a number takes the number as its argument and returns the sum of "
    "the number and one. It is short, it needs no import, and its tests are three: a positive "
    "number, a negative number, and nothing at all. "
)


def answer(text: str, finish_reason: str = "length") -> ChatResponse:
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    return ChatResponse(text=text, finish_reason=finish_reason, usage=usage)


@given(st.text(min_size=1, max_size=12), st.integers(2, 40), st.integers(0, 12))
def test_a_period_is_one_and_none_is_shorter(part, rounds, rest):
    text = part * rounds + part[:rest]

    period = period_of(text)

    assert 1 <= period <= len(part)
    assert all(text[at] == text[at - period] for at in range(period, len(text)))
    shorter = [p for p in range(1, period) if text[p:] == text[:-p]]
    assert shorter == []


@pytest.mark.parametrize("circle", ["\n", "a", "round and ", "def f():\n    return 1\n" * 3])
def test_an_end_in_a_circle_is_found_whatever_stands_before_it(circle):
    text = PROSE + circle * (1 + 2 * TAIL // len(circle))

    assert "over and over" in repetition_in(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        PROSE * 3,
        "zeros = [" + "0, " * 200 + "]",  # shorter than what is looked at
        "\n".join(f"assert f({n}) == {n + 1}" for n in range(200)),
        "| a | b |\n" + "".join(f"| {n} | {n * n} |\n" for n in range(300)),
    ],
    ids=["prose", "zeros", "tests", "table"],
)
def test_what_only_looks_alike_is_none(text):
    assert repetition_in(answer(text)) == ""


def test_an_answer_that_ended_by_itself_may_repeat_what_it_likes():
    assert repetition_in(answer("0 " * 5_000, finish_reason="stop")) == ""
    assert repetition_in(answer("0 " * 200_000, finish_reason="stop")) != ""  # within reason


def test_words_that_come_twice_each_are_found_from_either_word_on():
    doubled = " ".join(f"{word} {word}" for word in PROSE.split())

    assert are_words_doubled(doubled)
    assert are_words_doubled("So: " + doubled)
    assert repetition_in(answer(doubled, finish_reason="stop"))


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "x " * 200,
        "bye bye love, bye bye happiness, hello loneliness " * 4,
        "1 1 2 2 3 3",
        " ".join(f"{n} {n + 1}" for n in range(50)),
        "\n".join(f"node{n} node{n + 1}" for n in range(50)),
    ],
)
def test_a_word_said_twice_is_no_doubling(text):
    assert not are_words_doubled(text)
