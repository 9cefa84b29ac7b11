"""`--model NAME=WHAT` as the entry that it stands for."""

from pathlib import Path

import pytest

from sygra_eval.suite import override_model, parse_override
from sygra_eval.values import UsageError


def test_each_form_becomes_an_entry():
    assert override_model("embedded") == {"use": "embedded"}
    assert override_model("https://h/v1#org/name") == {
        "use": "openai",
        "base_url": "https://h/v1",
        "model": "org/name",
    }


def test_a_weights_file_is_meant_from_where_the_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    entry = override_model("models/a.gguf")

    assert entry == {"use": "embedded", "model": str(Path.cwd() / "models" / "a.gguf")}


def test_a_run_is_meant_from_where_the_command_runs_or_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first").mkdir()

    assert override_model("replay:first") == {"use": "replay", "run": str(Path.cwd() / "first")}
    assert override_model("replay:suite/run") == {"use": "replay", "run": "suite/run"}


def test_a_name_is_split_off_at_the_first_sign():
    assert parse_override("author=http://h/v1#m=1")[0] == "author"
    assert parse_override("author=http://h/v1#m=1")[1]["model"] == "m=1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("author", "write NAME=WHAT"),
        ("=embedded", "write NAME=WHAT"),
        ("author=", "write NAME=WHAT"),
        ("author=gpt", "embedded, PATH.gguf, replay:RUN or URL#MODEL"),
        ("author=http://h/v1", "http://h/v1#MODEL"),
        ("author=replay:", "replay:RUN or URL#MODEL"),
    ],
)
def test_another_form_says_what_the_forms_are(given, words):
    with pytest.raises(UsageError, match=words):
        parse_override(given)
