"""`mode: batch` in a suite: what it comes to, and where it cannot stand."""

import pytest
import yaml

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import load_models
from sygra_eval.values import BatchTerms, UsageError

OPENAI = {"use": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
AZURE = {"use": "azure", "endpoint": "https://a.openai.azure.com", "deployment": "d"}
OTHERS = {
    "embedded": {},
    "vllm": {"base_url": "http://127.0.0.1:9/v1", "model": "m"},
    "ollama": {"model": "m"},
    "litellm": {"model": "anthropic/m"},
    "replay": {"run": "reports/a/b"},
}


@pytest.fixture
def models(tmp_path):
    """Load the models of a file that is written so."""

    def load(**entries):
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump(entries, sort_keys=False))
        return load_models(path, load_plugins(tmp_path))

    return load


@pytest.fixture
def found(models):
    """Return what is wrong with one model."""

    def refused(**entry):
        with pytest.raises(UsageError) as caught:
            models(author=entry)
        return [(d.code, d.line, d.column, d.message) for d in caught.value.diagnostics]

    return refused


def test_a_model_in_batches_has_terms_and_others_have_none(models):
    terms = {"window": "7d", "wait": 1.5, "poll": 2.0, "max_requests": 9, "max_bytes": 5_000}

    loaded = models(
        live=OPENAI,
        usual={**OPENAI, "mode": "batch"},
        own={**AZURE, "mode": "batch", "batch": terms},
    )

    assert loaded["live"].batch is None
    assert loaded["usual"].batch == BatchTerms()
    assert loaded["own"].batch == BatchTerms(
        window="7d", wait_s=1.5, poll_s=2.0, most_requests=9, most_bytes=5_000
    )


@pytest.mark.parametrize("use", OTHERS)
def test_a_type_that_cannot_batch_is_told_at_its_mode(found, use):
    entry = {"use": use, **OTHERS[use], "mode": "batch"}

    assert found(**entry) == [
        (
            "cannot-batch",
            1 + len(entry),
            9,
            f"a model with `use: {use}` cannot be asked in batches",
        )
    ]


@pytest.mark.parametrize("api", ["embeddings", "classify", "score", "reward"])
def test_a_model_of_texts_has_no_batches(found, api):
    message = "batches are of chats, and `author` is for texts"

    assert found(**OPENAI, api=api, mode="batch") == [("cannot-batch", 6, 9, message)]


def test_a_stream_and_a_batch_exclude_each_other(found):
    message = "the answers of a batch come in one file, so nothing can be streamed"

    assert found(**OPENAI, mode="batch", stream=True) == [("conflict", 6, 3, message)]


def test_terms_without_the_mode_are_told(found):
    message = "`batch` says how calls are gathered, and `author` is asked live"

    assert found(**OPENAI, batch={"wait": 1.0}) == [("conflict", 5, 3, message)]


def test_rates_have_no_effect_and_that_is_a_warning(models, found):
    entry = {**OPENAI, "mode": "batch", "rpm": 10.0, "tpm": 10.0}

    assert models(author=entry)["author"].batch == BatchTerms()
    wrong = found(**entry, stream=True)
    assert [one[:2] for one in wrong] == [("no-effect", 6), ("no-effect", 7), ("conflict", 8)]


@pytest.mark.parametrize(
    "terms", [{"window": "soon"}, {"wait": 0}, {"max_requests": 0}, {"max_bytes": 1}, {"pol": 1}]
)
def test_terms_that_are_none_are_told(found, terms):
    ((code, line, _, _),) = found(**OPENAI, mode="batch", batch=terms)

    assert code in ("wrong-value", "bad-number", "unknown-key", "wrong-type")
    assert line == 7
