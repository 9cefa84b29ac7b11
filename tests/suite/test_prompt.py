"""Prompts: two forms in YAML, one value; usable as a field of a config model."""

import pytest
from pydantic import BaseModel, ValidationError

from sygra_eval.suite import Prompt
from sygra_eval.values import Message, Scope


class Config(BaseModel):
    prompt: Prompt


def test_text_is_one_user_message():
    prompt = Config.model_validate({"prompt": "Say {x}"}).prompt

    assert prompt.render({"x": "hi"}) == (Message("user", "Say hi"),)


def test_a_list_holds_messages_by_role():
    prompt = Prompt.parse([{"system": "Be {tone}."}, {"user": "{x}"}, {"assistant": "ok {x}"}])

    assert prompt.names() == ("tone", "x")
    assert prompt.render({"tone": "kind", "x": 1}) == (
        Message("system", "Be kind."),
        Message("user", "1"),
        Message("assistant", "ok 1"),
    )


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (3, "wrong-type", "must be text or a list"),
        ([], "wrong-type", "must be text or a list"),
        (["text"], "wrong-type", "message 1"),
        ([{"user": "a", "system": "b"}], "wrong-type", "message 1"),
        ([{"user": "a"}, {"usr": "b"}], "wrong-value", "no role `usr`"),
        ([{"user": 3}], "wrong-type", "user message must be text"),
        ([{"system": [{"type": "text", "text": "a"}]}], "wrong-type", "system message must be"),
        ([{"user": [{"type": "text"}]}], "wrong-type", "a part is"),
        ([{"user": []}], "wrong-type", "needs at least one"),
        ([{"user": [{"type": "audio_url", "audio_url": "x"}]}], "wrong-type", "audio"),
        ([{"user": [{"type": "image_url", "image_url": {"file": "x"}}]}], "wrong-type", "path"),
    ],
)
def test_another_form_is_refused(value, code, words):
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"prompt": value})

    (error,) = caught.value.errors()
    assert error["type"] == code
    assert words in error["msg"]


@pytest.mark.parametrize(("form", "at"), [("{y} {", ()), ([{"user": "{y} {"}], (0, "user"))])
def test_problems_say_where_in_the_config_they_are(form, at):
    found = list(Prompt.parse(form).problems(Scope(), ("draft", "prompt")))

    assert [(problem.code, problem.at) for problem in found] == [
        ("bad-placeholder", ("draft", "prompt", *at)),
        ("unknown-variable", ("draft", "prompt", *at)),
    ]


@pytest.mark.parametrize("form", ["text {x}", [{"system": "a"}, {"user": "{b}"}]])
def test_it_is_written_as_it_was_read(form):
    assert Config.model_validate({"prompt": form}).model_dump() == {"prompt": form}


def test_it_has_a_json_schema():
    prompt = Config.model_json_schema()["properties"]["prompt"]

    assert [branch["type"] for branch in prompt["anyOf"]] == ["string", "array"]
