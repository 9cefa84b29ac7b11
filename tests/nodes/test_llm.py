"""The keys of an `llm` node, and what `check` says of them before anything is asked."""

import base64
import json

import pytest
from pydantic import ValidationError

from sygra_eval.nodes import LlmConfig
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, load_suite
from tests.engine.conftest import chain, write_suite

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}}
PICTURE = [{"user": [{"type": "image_url", "image_url": "{picture}"}]}]


def node(**keys):
    return {"node_type": "llm", "model": "author", "prompt": "x", "output_keys": "answer", **keys}


def asked(schema, **model):
    return {"name": "author", "structured_output": {"schema": schema}, **model}


@pytest.fixture
def suite_with(tmp_path):
    """Write a suite with one node and one row; return its path."""

    def write(given, *, model=None):
        return write_suite(
            tmp_path,
            [{"id": "a", "picture": "cat.png"}],
            models={"author": model or {"use": "openai", "base_url": "http://x/v1", "model": "m"}},
            graph_config={"nodes": {"solve": given}, "edges": chain(["solve"])},
        )

    return write


@pytest.fixture
def complaints(suite_with, tmp_path):
    """Check a suite with one node; return the codes and what they say."""

    def found(given, *, model=None):
        path = suite_with(given, model=model)
        said = check_suite(path, load_plugins(tmp_path))
        return {one.code: f"{one.line}: {one.message}; {one.fix}" for one in said}

    return found


def test_fields_of_the_answer_are_variables_and_its_text_is_judged(suite_with, tmp_path):
    path = suite_with(node(model=asked(SCHEMA)))

    suite = load_suite(path, load_plugins(tmp_path))

    assert suite.nodes[0].config.outputs() == ("answer", "score")
    assert suite.candidate == "answer"


def test_an_output_that_is_not_enabled_is_text():
    model = {"name": "author", "structured_output": {"enabled": False, "schema": SCHEMA}}

    config = LlmConfig.model_validate({"model": model, "prompt": "x", "output_keys": "answer"})

    assert config.outputs() == ("answer",)
    assert config.model.structured is None


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("my.module.Review", "would be code"),
        ({"type": "object"}, "has to describe an object"),
        ({"type": "array", "items": {"type": "string"}}, "has to describe an object"),
        ({"type": "object", "properties": {"a": {"type": "strin"}}}, "not a JSON Schema"),
        ({"fields": {"a": {"type": "text"}}}, "the field `a.type`"),
        ({"fields": {"a": {}}, "strict": True}, "`strict` stands beside `fields`"),
        ({"fields": {}}, "has to describe an object"),
    ],
)
def test_a_schema_that_cannot_be_asked_for_is_refused(schema, told):
    with pytest.raises(ValidationError) as caught:
        LlmConfig.model_validate({"model": asked(schema), "prompt": "x", "output_keys": "answer"})

    assert told in str(caught.value)


def test_a_schema_that_is_none_is_said_with_its_line(complaints):
    found = complaints(node(model=asked({"type": "object"})))

    ((_, told),) = found.items()
    assert "has to describe an object" in told


def test_two_ways_to_say_the_form_of_an_answer_are_a_conflict(complaints):
    model = asked(SCHEMA, parameters={"response_format": {"type": "json_object"}})

    assert "both say" in complaints(node(model=model))["conflict"]


def test_a_field_with_the_name_of_the_text_is_reported(complaints):
    told = complaints(node(model=asked(SCHEMA), output_keys="score"))

    assert "is a field of the answer" in told["duplicate-variable"]


def test_a_field_with_the_name_of_a_column_is_reported(complaints):
    schema = {"type": "object", "properties": {"picture": {"type": "string"}}}

    assert "a column already" in complaints(node(model=asked(schema)))["duplicate-variable"]


@pytest.mark.parametrize(
    "model",
    [
        {"use": "embedded"},
        {"use": "openai", "base_url": "http://x/v1", "model": "m", "api": "completions"},
        {"use": "vllm", "base_url": "http://x/v1", "model": "m", "api": "completions"},
    ],
)
def test_images_for_a_model_that_takes_text_are_found_before_the_run(complaints, model):
    assert "takes text alone" in complaints(node(prompt=PICTURE), model=model)["no-images"]


def test_a_critic_that_would_be_shown_the_authors_images_is_checked_too(complaints):
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": PICTURE},
        "critique": {"model": "author"},
    }

    assert "no-images" not in complaints(loop)
    assert "no-images" in complaints(loop, model={"use": "embedded"})


def test_images_for_a_model_that_sees_are_fine(complaints):
    assert complaints(node(prompt=PICTURE)) == {}


def test_a_column_of_an_image_that_is_not_there_is_found(complaints):
    prompt = json.loads(json.dumps(PICTURE).replace("picture", "pictre"))

    assert "`{picture}`" in complaints(node(prompt=prompt))["unknown-variable"]


async def test_a_node_alone_repairs_with_the_next_reply(visit_node):
    visit = await visit_node(
        "llm",
        config={"model": asked(SCHEMA), "prompt": "{q}", "output_keys": "answer"},
        answers={"": ["so so", '{"score": 3}']},
        q="why",
    )

    assert visit.additions == {"answer": '{"score": 3}', "score": 3}
    assert [call.step for call in visit.asked] == ["", "repair:1"]
    assert "not JSON" in visit.asked[1].messages[-1].content


async def test_a_node_alone_shows_images_to_a_real_model(visit_node, scripted_endpoint, tmp_path):
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n a cat")
    scripted_endpoint.will_answer("a cat")
    url = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()

    visit = await visit_node(
        "llm",
        config={"model": "author", "prompt": PICTURE, "output_keys": "answer"},
        models={"author": scripted_endpoint.model_entry("openai")},
        picture=url,
    )

    assert visit.additions == {"answer": "a cat"}
    assert [seen.media_type for seen in scripted_endpoint.images] == ["image/png"]
