"""Where models are, and how they are asked: aliases, a node's own words, texts to go on with."""

import json

import pytest

from sygra_eval.sygra import keys_of_run
from sygra_eval.values import Severity, UsageError

TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"


def warnings(read):
    return [one.message for one in read.diagnostics if one.severity is Severity.WARNING]


async def test_a_block_says_itself_where_its_model_is_and_its_key_is_in_no_file(
    project, endpoint, llm, monkeypatch
):
    block = {"name": "nobody_knows", "model_type": "openai", "url": endpoint.base_url}
    block |= {"auth_token": "secret-of-mine", "model": "mine", "parameters": {"top_p": 0.5}}
    endpoint.answers_with(lambda body: body["model"])
    nodes = {"a": llm(model=block, output_keys="x"), "b": llm(output_keys="y")}
    nodes["c"] = llm(model={**block, "model": "other"}, output_keys="z")
    read = project.read(project.task("own", nodes))
    for name, key in read.keys.items():
        monkeypatch.setenv(name, key)

    ran = await project.run(project.task("own", nodes))

    (row,) = ran.rows
    assert (row["x"], row["y"], row["z"]) == ("mine", "scripted", "other")
    assert endpoint.requests[0]["top_p"] == 0.5
    assert set(read.keys.values()) == {"secret-of-mine"}
    monkeypatch.chdir(project.root)
    assert keys_of_run(ran.folder, project.environ) == read.keys  # for a resume
    assert "secret-of-mine" not in json.dumps(read.suite.data)
    kept = [path for path in ran.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if b"secret-of-mine" in path.read_bytes()] == []


@pytest.mark.parametrize("way", ["a folder", "the environment"])
async def test_a_model_that_goes_on_with_a_text_is_asked_by_its_chat_template(
    project, endpoint, llm, tmp_path, monkeypatch, way
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "chat_template.jinja").write_text(TEMPLATE)
    base = {"model_type": "vllm", "url": endpoint.base_url, "model": "m", "parameters": {}}
    base |= {"completions_api": True, "hf_chat_template_model_id": "tokenizer"}
    if way == "the environment":
        base |= {"modify_tokenizer": True, "hf_chat_template_model_id": "some/where"}
        project.environ["SYGRA_BASE_CHAT_TEMPLATE"] = TEMPLATE
    project.models(endpoint, base=base)
    endpoint.answers_with(lambda body: body.get("prompt", "was a chat"))
    node = llm(model={"name": "base"}, output_keys="said")
    node["prompt"] = [{"system": "be brief"}, {"user": "{question}"}]
    task = project.task("goes_on", {"say": node})
    assert project.read(task).diagnostics == ()

    ran = await project.run(task)

    assert ran.rows[0]["said"] == "[system]be brief[user]one[assistant]"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hf_chat_template_model_id": None}, "without `hf_chat_template_model_id`, so it is ask"),
        ({"model_type": "openai"}, "`completions_api` is not for `openai`"),
        ({"hf_chat_template_model_id": "no/where"}, "`no/where` is not on this machine"),
        ({"modify_tokenizer": True}, "without its SYGRA_<NAME>_CHAT_TEMPLATE"),
    ],
)
def test_one_that_has_no_template_is_asked_by_chats_and_that_is_told(
    project, endpoint, llm, monkeypatch, tmp_path, change, says
):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    base = {"model_type": "vllm", "url": endpoint.base_url, "model": "m", "parameters": {}}
    base |= {"completions_api": True, "hf_chat_template_model_id": "tokenizer", **change}
    project.models(endpoint, base=base)

    read = project.read(project.task("goes_on", {"say": llm(model={"name": "base"})}))

    assert "api" not in read.suite.data["models"]["base"]
    assert says in " ".join(warnings(read))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("a: [", "cannot be read"),
        ("- a", "by alias"),
        ("a: 3", "by alias"),
    ],
)
def test_a_file_of_models_that_cannot_be_read_is_named(project, llm, text, says):
    path = project.root / "mine.yaml"
    project.environ["SYGRA_CUSTOM_MODELS_PATH"] = str(path)
    if text is not None:
        path.write_text(text)

    with pytest.raises(UsageError, match=says) as refused:
        project.read(project.task("custom", {"a": llm()}))

    assert "mine.yaml" in str(refused.value)


def test_the_file_of_a_checkout_is_read_where_no_other_is_named(project, llm, monkeypatch):
    monkeypatch.chdir(project.root)
    (project.root / "studio" / "config").mkdir(parents=True)
    (project.root / "models.yaml").rename(project.root / "studio/config/custom_models.yaml")
    del project.environ["SYGRA_CUSTOM_MODELS_PATH"]

    assert project.read(project.task("usual", {"a": llm()})).errors == ()


def test_an_output_that_is_asked_for_without_a_schema_is_text_and_told(project, llm):
    model = {"name": "author", "structured_output": {"enabled": True}}

    read = project.read(project.task("schema", {"a": llm(model=model)}))

    assert ["asks for nothing" in one for one in warnings(read)] == [True]
    assert read.suite is not None
