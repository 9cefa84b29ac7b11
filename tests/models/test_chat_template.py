"""A model's own chat template: found with its weights, and rendered in a sandbox."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.chat_template import ChatTemplate
from sygra_eval.values import CallFailed, ChatRequest, Message, UsageError

CHATML = (
    "{{ bos_token }}{% for message in messages %}\n"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}\n"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SAID = (Message("system", "Be short."), Message("user", "Why?  "))
AS_CHATML = (
    "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
    "<|im_start|>assistant\n"
)


def test_a_template_is_found_with_the_model_in_every_way_that_models_come(tmp_path):
    of_file, of_config, named = tmp_path / "file", tmp_path / "config", tmp_path / "named"
    for folder in (of_file, of_config, named):
        folder.mkdir()
    (of_file / "chat_template.jinja").write_text(CHATML)
    config = {"chat_template": CHATML, "eos_token": {"content": "<|im_end|>"}}
    (of_config / "tokenizer_config.json").write_text(json.dumps(config))
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHATML}]
    (named / "tokenizer_config.json").write_text(json.dumps({"chat_template": several}))
    places = [of_file, of_file / "chat_template.jinja", of_config, named]
    places.append(of_config / "tokenizer_config.json")

    texts = [ChatTemplate.read(place).text_of(SAID) for place in places]

    assert texts == [AS_CHATML] * len(places)
    assert ChatTemplate.read(of_config).eos_token == "<|im_end|>"
    assert ChatTemplate.read(of_config).digest != ChatTemplate.read(of_file).digest


async def test_a_base_model_is_sent_the_text_that_its_own_template_makes(
    endpoint, gateway_to, tmp_path
):
    endpoint.will_answer("because")
    path = tmp_path / "chat_template.jinja"
    path.write_text(CHATML)
    config = {"chat_template": str(path)}
    gateway = await gateway_to(endpoint, dialect="completions", config=config)
    plain = await gateway_to(endpoint, dialect="completions")

    found = await gateway.complete("author", ChatRequest(messages=SAID))

    assert found.text == "because"
    assert endpoint.requests[0]["prompt"] == AS_CHATML
    assert gateway.models["author"].identity != plain.models["author"].identity


async def test_a_prompt_that_the_template_refuses_is_not_sent(endpoint, gateway_to, tmp_path):
    path = tmp_path / "strict.jinja"
    path.write_text("{{ raise_exception('no system prompt here') }}")
    config = {"chat_template": str(path)}
    gateway = await gateway_to(endpoint, dialect="completions", config=config)

    with pytest.raises(CallFailed, match="no system prompt here") as caught:
        await gateway.complete("author", ChatRequest(messages=SAID))

    assert (caught.value.kind, endpoint.requests) == ("bad_request", [])


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''.__class__.__base__ }}",
        "{{ messages.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(raise_exception) }}",
        "{{ raise_exception.__globals__['json'] }}",
        "{% for a in range(1000000000) %}x{% endfor %}",
        "{{ messages[7].content }}{{ 1 / 0 }}",
    ],
)
def test_a_template_reaches_nothing_but_the_messages(source):
    template = ChatTemplate(source)

    with pytest.raises(CallFailed, match="refuses the prompt"):
        template.text_of(SAID)


@given(st.text())
def test_what_a_message_says_is_never_a_template(text):
    said = (Message("user", f"{{{{ 7 * 7 }}}}{text}{{% raw %}}"),)

    rendered = ChatTemplate("{{ messages[0].content }}").text_of(said)

    assert rendered == said[0].content


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("nowhere.jinja", None, "cannot be read"),
        ("bad.jinja", "{% for x in %}", "is no chat template"),
        ("tokenizer_config.json", "{}", "holds no chat template"),
        ("tokenizer_config.json", "{", "is no JSON"),
        ("latin.jinja", b"caf\xe9", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_template_is_refused_before_the_run(tmp_path, name, content, told):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(UsageError, match=told):
        ChatTemplate.read(path)


def test_a_folder_without_a_template_says_what_was_looked_for(tmp_path):
    with pytest.raises(UsageError, match=r"chat_template\.jinja nor tokenizer_config\.json"):
        ChatTemplate.read(tmp_path)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"chat_template": "x"}, "belongs to `api: completions`"),
        ({"api": "completions", "chat_template": "x", "template": {}}, "name one"),
    ],
)
async def test_a_template_without_a_use_is_refused(endpoint, gateway_to, config, told):
    with pytest.raises(ValueError, match=told):
        await gateway_to(endpoint, config=config)
