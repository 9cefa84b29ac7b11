import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.reasoning import separated


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nhm\n</think>\n\nFour.", "hm", "Four."),
        ("\n <think>hm</think>Four.", "hm", "Four."),
        ("<thinking>hm</thinking> Four.", "hm", "Four."),
        ("hm, so\n</think>\n\nFour.", "hm, so", "Four."),
        ("<think>\n\n</think>\n\nFour.", "", "Four."),
        ("<think>it never ends", "it never ends", ""),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
    ],
)
def test_a_section_before_the_answer_is_reasoning(text, reasoning, answer):
    assert separated(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        "Four.",
        "",
        "I think> so",
        "Remove `<think>` and `</think>` from the text.",
        "Use this:\n```python\nre.sub('<think>.*</think>', '', s)\n```",
        "The tags are\n<think>\nand\n</think>\non lines of their own.",
    ],
)
def test_an_answer_that_speaks_of_the_tags_stays_whole(text):
    assert separated(text) == ("", text)


@given(st.text(st.sampled_from("<>/think \nab"), max_size=60))
def test_no_text_is_invented(text):
    reasoning, answer = separated(text)

    assert reasoning in text
    assert text.endswith(answer)
