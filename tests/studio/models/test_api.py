"""`/api/models`: what is known of a folder's models, and how its file is changed."""

import os
import stat

import pytest

from sygra_eval.studio.models.file import ChangedOnDisk, read_models_file, write_models_file
from sygra_eval.studio.models.splice import data_of
from tests.studio.models.conftest import FILE, KEY, SUITE

NEW = {"use": "vllm", "base_url": "http://127.0.0.1:1/v1", "model": "m"}


@pytest.fixture(autouse=True)
def _a_file(desk):
    desk.write()


def test_each_provider_has_a_form_of_its_own_keys(desk):
    types = {one["id"]: one for one in desk.get("model-types")}

    assert list(types)[:8] == [
        "openai",
        "azure",
        "ollama",
        "vllm",
        "compatible",
        "litellm",
        "embedded",
        "replay",
    ]
    azure = types["azure"]["form"]["properties"]
    assert list(azure)[:4] == ["endpoint", "base_url", "deployment", "api_version"]
    assert azure["api_version"]["description"].startswith("As in `2024-10-21`")
    assert "x-advanced" not in azure["api_version"]
    assert azure["ca_file"]["x-advanced"] is True
    assert types["compatible"]["form"]["required"] == ["base_url", "model"]
    assert types["openai"]["begins_with"]["base_url"] == "https://api.openai.com/v1"
    assert types["ollama"]["form"]["properties"]["context"]["minimum"] == 256
    temperature = azure["parameters"]["properties"]["temperature"]
    assert (temperature["minimum"], temperature["maximum"]) == (0, 2)
    assert "$ref" not in str(types)
    assert "'null'" not in str(types)


def test_models_of_the_folder_and_of_its_suites_are_told_with_their_places(desk, monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)
    (desk.root / "draft.yaml").write_text(SUITE)

    told = desk.get("models")

    cards = {one["name"]: one for one in told["models"]}
    author, judge = cards["author"], cards["judge"]
    assert (author["file"], author["line"], author["provider"]) == ("models.yaml", 3, "compatible")
    assert author["key"] == {"field": "api_key_env", "name": "A_KEY", "is_set": True}
    assert (author["price"]["input"], author["price"]["output"]) == (0.5, 1.5)
    assert author["used_by"] == [{"suite": "draft.yaml", "where": "graph_config.nodes.draft"}]
    assert (judge["file"], judge["line"], judge["is_editable"]) == ("draft.yaml", 3, False)
    assert judge["price"]["why"] == "j is no model that a price is published for"
    assert cards["small"]["price"]["source"] == "free"
    assert KEY not in str(told)


def test_a_model_is_saved_and_every_other_byte_stays(desk):
    desk.save("new", NEW)

    assert desk.file.read_text() == FILE + (
        "new:\n  use: vllm\n  base_url: http://127.0.0.1:1/v1\n  model: m\n"
    )
    assert desk.card("new")["model"] == "m"


def test_what_would_be_written_is_shown_and_not_written(desk):
    author = {**data_of(FILE)["author"], "model": "bigger"}

    draft = desk.ask("POST", "models/author/draft", {"entry": author})

    changed = [line for line in draft["diff"] if line[0] in "+-"]
    assert changed == [
        "-  model: big                # for now",
        "+  model: bigger                # for now",
    ]
    assert desk.file.read_text() == FILE


def test_a_model_gets_another_name_in_its_place(desk):
    desk.save("writer", data_of(FILE)["author"], renamed_from="author")

    assert desk.file.read_text() == FILE.replace("author:", "writer:")


def test_a_model_is_taken_out(desk):
    removal = desk.get("models/small/removal")

    desk.ask("DELETE", "models/small", **{"if-match": removal["sha256"]})

    assert desk.file.read_text() == FILE.replace("small: {use: embedded}\n", "")


def test_what_changed_on_disk_since_is_not_written_over(desk):
    seen = desk.get("models")["sha256"]
    desk.write(FILE + "# by hand\n")

    refused = desk.save("new", NEW, code=412, sha256=seen)

    assert "changed on disk" in refused["error"]["message"]
    assert desk.file.read_text() == FILE + "# by hand\n"
    desk.ask("DELETE", "models/small", code=412, **{"if-match": seen})
    desk.ask("PUT", "models/new", {"entry": NEW}, code=428)


def test_what_is_written_between_the_look_and_the_rename_is_not_written_over(desk):
    seen = read_models_file(desk.root)
    desk.write(FILE + "# by hand\n")

    with pytest.raises(ChangedOnDisk):
        write_models_file(desk.root, "a: {use: embedded}\n", of_sha256=seen.sha256)

    assert desk.file.read_text() == FILE + "# by hand\n"


def test_a_first_model_makes_the_file(desk):
    desk.file.unlink()

    desk.save("new", NEW)

    assert data_of(desk.file.read_text()) == {"new": NEW}


def test_the_mode_of_the_file_stays(desk):
    desk.file.chmod(0o640)

    desk.save("new", NEW)

    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o640
    assert sorted(one.name for one in desk.root.glob(".models*")) == []


def test_a_link_is_not_followed(desk, tmp_path):
    elsewhere = tmp_path / "models.yaml"
    elsewhere.write_text("a: {use: embedded}\n")
    desk.file.unlink()
    desk.file.symlink_to(elsewhere)

    told = desk.get("models")
    refused = desk.save("new", NEW, code=409, sha256="x")

    assert "symbolic link" in told["locked"]
    assert told["models"] == [] or "a" not in {one["name"] for one in told["models"]}
    assert "symbolic link" in refused["error"]["message"]
    assert elsewhere.read_text() == "a: {use: embedded}\n"


@pytest.mark.parametrize(
    ("entry", "field", "message"),
    [
        ({**NEW, "rpm": -1}, "rpm", "greater than 0"),
        ({**NEW, "base_url": "ftp://x"}, "base_url", "write an address like"),
        ({**NEW, "modle": "x"}, "modle", "unknown key"),
        ({"use": "vllm", "base_url": "http://x/v1"}, "model", "`model` is missing"),
        ({**NEW, "parameters": {"seed": "x"}}, "parameters.seed", "a whole number"),
        ({**NEW, "use": "nobody"}, "use", "no plugin provides"),
        ({**NEW, "price": {"input": 1, "output": -1}}, "price.output", "greater than or equal"),
        ({**NEW, "api_key_env": "sk-live-0987654321zyxwvu"}, "api_key_env", "looks like a key"),
        ({**NEW, "api_key_env": "9f86d081884c7d659a2feaa0c55ad015"}, "api_key_env", "like a key"),
        ({**NEW, "model": "sk-proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7"}, "model", "looks like a key"),
        (
            {**NEW, "parameters": {"extra_body": {"api_key": "x"}}},
            "parameters.extra_body.api_key",
            "by its name",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(desk, entry, field, message):
    refused = desk.save("new", entry, code=422)

    found = {one["field"]: one["message"] for one in refused["error"]["details"]}
    assert message in found[field]
    assert desk.file.read_text() == FILE


def test_a_parameter_out_of_its_usual_range_is_a_warning_and_can_be_saved(desk):
    odd = {**NEW, "parameters": {"top_p": 9, "max_tokens": 0}}

    problems = desk.save("new", odd)["problems"]

    assert [(one["field"], one["severity"]) for one in problems] == [
        ("parameters.top_p", "warning"),
        ("parameters.max_tokens", "warning"),
    ]


def test_a_key_that_was_typed_is_in_no_file_and_in_no_answer(desk):
    desk.type_key("B_KEY", KEY)

    refused = desk.save("new", {**NEW, "model": f"x{KEY}"}, code=422)
    desk.save("new", {**NEW, "api_key_env": "B_KEY"})

    assert "is a key that is set here" in str(refused)
    assert desk.card("new")["key"]["is_set"] is True
    assert KEY not in str(refused) + str(desk.get("models")) + desk.file.read_text()


@pytest.mark.parametrize(
    "line",
    [
        f"base_url: http://127.0.0.1:1/v1?{KEY}",
        f"model: {KEY}",
        f"api_key_env: {KEY}",
        f"api_key: {KEY}",
        f"parameters: {{extra_body: {{token: {KEY}}}}}",
    ],
)
def test_a_key_that_somebody_wrote_into_the_file_is_not_told(desk, line):
    desk.write(FILE + f"bad:\n  use: openai\n  {line}\n")

    told = desk.get("models")
    draft = desk.ask("POST", "models/new/draft", {"entry": NEW})
    removal = desk.get("models/bad/removal")

    assert "key-in-file" in str(desk.card("bad")["problems"])
    assert KEY not in str(told) + str(draft) + str(removal)


@pytest.mark.parametrize("name", ["a b", "ä", "..", "a:"])
def test_a_name_that_is_none_is_refused(desk, name):
    sha256 = desk.get("models")["sha256"]
    answer = desk.studio.client.put(
        f"/api/models/{name}", json={"entry": NEW}, headers={"if-match": sha256}
    )

    assert answer.status_code in (404, 405, 422)
    assert desk.file.read_text() == FILE


def test_a_file_that_cannot_be_read_hides_no_other(desk):
    desk.write("a: [\n")
    (desk.root / "draft.yaml").write_text(SUITE)

    told = desk.get("models")

    assert [one["name"] for one in told["models"]] == ["judge"]
    assert "models.yaml:" in told["problems"][0]["message"]
    assert str(desk.root) not in told["problems"][0]["message"]
    desk.save("new", NEW, code=409)


def test_a_model_with_a_mistake_is_shown_with_it(desk):
    desk.write(FILE + "odd: {use: openai, modle: m}\n")

    assert [one["field"] for one in desk.card("odd")["problems"]] == ["base_url", "modle"]
    desk.save("new", NEW)  # and others can be saved beside it


def test_a_model_that_differs_by_the_suites_matrix_is_no_mistake(desk):
    matrix = SUITE.replace("model: j}", 'model: j, rpm: "${matrix.rpm}"}')
    (desk.root / "draft.yaml").write_text(f"{matrix}matrix: {{rpm: [1, 2]}}\n")

    judge = desk.card("judge")

    assert judge["problems"] == []
    assert judge["price"]["input"] is None


def test_a_file_of_sygra_is_left_alone(desk):
    theirs = "gpt4o: {model_type: azure_openai, model: gpt-4o}\n"
    desk.write(theirs)

    assert "SyGra's own" in desk.save("new", NEW, code=409)["error"]["message"]
    assert desk.file.read_text() == theirs


def test_a_plugin_of_the_folder_is_asked_in_a_child_and_gets_its_form(desk, monkeypatch, tmp_path):
    from tests.studio.served import served

    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "lab.py").write_text(PLUGIN)
    monkeypatch.setenv("SYGRA_EVAL_TRUST", "1")
    with served(tmp_path) as other:
        types = {one["id"]: one for one in other.client.get("/api/model-types").json()}

    form = types["lab"]["form"]["properties"]
    assert types["lab"]["about"] == "A model of our laboratory."
    assert form["bench"]["description"] == "Which one, by its number."
    assert (form["bench"]["minimum"], form["bench"]["maximum"]) == (1, 4)
    assert not (tmp_path / f"imported-by-{os.getpid()}").exists()


PLUGIN = '''
import os
from pathlib import Path
from pydantic import BaseModel, Field
from sygra_eval import hookimpl

Path(__file__).parent.with_name(f"imported-by-{os.getpid()}").touch()

class LabConfig(BaseModel):
    """A model of our laboratory.

    :ivar bench: Which one, by its number.
    """

    bench: int = Field(ge=1, le=4)

class Lab:
    def __init__(self, spec): ...

@hookimpl
def sygra_register_models(register):
    print("hello from a plugin")
    register("lab", Lab, config=LabConfig)
'''
