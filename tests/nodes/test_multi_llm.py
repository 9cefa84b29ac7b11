"""The same prompt to several models; each reply by its label."""

from sygra_eval.values import RoundKind

MODELS = {
    "first": "author",
    "second": {"name": "critic", "parameters": {"temperature": 0}},
    "third": {"route": {"weights": {"author": 1}}},
}


async def test_each_model_is_asked_the_same_and_its_reply_has_its_label(visit_node):
    visit = await visit_node(
        "multi_llm",
        config={"models": MODELS, "prompt": "why {question}", "output_keys": "replies"},
        answers={label: [f"{label} says"] for label in MODELS},
        question="not",
    )

    assert visit.additions == {"replies": {label: f"{label} says" for label in MODELS}}
    assert [(call.step, call.model) for call in visit.asked] == [
        ("first", "author"),
        ("second", "critic"),
        ("third", "author"),
    ]
    assert {call.messages[0].content for call in visit.asked} == {"why not"}


async def test_the_replies_are_recorded_for_whoever_looks_into_the_row(visit_node):
    visit = await visit_node(
        "multi_llm",
        config={"models": MODELS, "prompt": "{question}", "output_keys": ["replies"]},
        answers={label: [f"{label} says"] for label in MODELS},
        question="q",
    )

    (finished,) = visit.rounds
    assert finished.kind is RoundKind.REPLIES
    assert [(one.label, one.answer, one.tokens) for one in finished.attempts] == [
        (label, f"{label} says", 10) for label in MODELS
    ]
