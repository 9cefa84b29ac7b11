"""`models test` of a model that answers no chats: what it makes, and whose answer is whose."""

import pytest

from sygra_eval.models import StepOutcome, checkup
from sygra_eval.testing import status
from sygra_eval.testing.texts import answer_to_texts, vector, vectors
from tests.models.conftest import SERVED, model_to


@pytest.fixture
def steps_of(endpoint, clock):
    async def take(dialect, **changes):
        spec, _ = model_to(endpoint, dialect, clock, **changes)
        return [step async for step in checkup(spec, SERVED[spec.use])]

    return take


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("embeddings", "a vector of 16 numbers"),
        ("ollama_embed", "a vector of 16 numbers"),
        ("azure_embeddings", "a vector of 16 numbers"),
        ("classify", "`safe` with 0.8, of 2 classes, only the likeliest named: say `labels`"),
        ("score", "1 for a text and itself"),
        ("reward", "1 for a text"),
    ],
)
async def test_a_model_of_texts_is_asked_for_what_it_is_for(endpoint, steps_of, dialect, told):
    steps = await steps_of(dialect)

    names = [step.name for step in steps]
    task = "embeddings" if "embed" in dialect else dialect
    assert names == ["address", "connection", "model", "key", task, "tokens", "price"]
    assert (steps[4].outcome, steps[4].told) == (StepOutcome.OK, told)
    assert len(endpoint.requests) == 1


async def test_a_server_that_keeps_no_order_is_a_warning(endpoint, steps_of):
    endpoint.texts_with(
        lambda body: vectors([vector(f"{n} {text}") for n, text in enumerate(body["texts"])])
    )

    steps = await steps_of("embeddings")

    assert steps[4].outcome is StepOutcome.WARNING
    assert "order" in steps[4].told


async def test_a_server_without_the_endpoint_fails_at_the_model(endpoint, steps_of):
    endpoint.texts_with(lambda body: status(404, {"detail": "Not Found"}))

    steps = await steps_of("reward")

    assert (steps[-1].name, steps[-1].outcome) == ("model", StepOutcome.FAILED)


async def test_a_wrong_count_of_dimensions_is_said(endpoint, steps_of):
    endpoint.texts_with(lambda body: answer_to_texts({**body, "dimensions": 16}))

    steps = await steps_of("embeddings", parameters={"dimensions": 8})

    assert (steps[-1].name, steps[-1].outcome) == ("embeddings", StepOutcome.FAILED)
    assert "vectors of 16 numbers, and `dimensions` is 8" in steps[-1].told
