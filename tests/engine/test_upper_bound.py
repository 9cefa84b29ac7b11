"""No run takes more than the bound that was known before it; what has none is said to have none."""

import pytest

from sygra_eval.engine import upper_bound_of
from sygra_eval.plugins import load_plugins
from sygra_eval.testing import completion
from sygra_eval.validators.judge_canaries import BAD_ANSWERS, BRIBES
from sygra_eval.validators.judge_config import CANARY_VOTES
from tests.engine.conftest import CODE_VALIDATORS, FAST_PLUGIN, chain, code_row

MOST_TOKENS = 60
PRICE = {"input": 1.0, "output": 2.0}
# The worst rows that there are: no draft passes, and no critic is ever content.
HOPELESS = tuple(
    code_row(f"r{n}", f"draft=wrong critic=never revise={'wrong' if n % 2 else 'broken'} n={n}")
    for n in range(2)
)


@pytest.fixture
def bound_of():
    async def of(path):
        return await upper_bound_of(path, load_plugins(path.parent, named=[str(FAST_PLUGIN)]))

    return of


@pytest.fixture
def models(endpoint):
    spec = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted", "price": PRICE}
    bounded = {**spec, "parameters": {"max_tokens": MOST_TOKENS}}
    return {"author": bounded, "critic": bounded}


def characters(requests):
    return sum(len(message["content"]) for body in requests for message in body["messages"])


@pytest.mark.parametrize(
    ("samples", "loop"),
    [
        (1, {}),
        (3, {"max_rounds": 5, "critique": {"model": "critic"}, "revise": {"model": "author"}}),
        (2, {"max_rounds": 2, "critique": None, "until": {"accepted_by": ["unit_tests"]}}),
    ],
)
async def test_no_loop_asks_more_than_its_bound(
    code_suite, run, endpoint, bound_of, models, samples, loop
):
    draft = {"model": "author", "prompt": "draft {question}", "samples": samples}
    path = code_suite(*HOPELESS, models=models, loop={"draft": draft, **loop})
    bound = await bound_of(path)

    finished = await run(path)

    assert 0 < len(endpoint.requests) <= bound.calls
    assert characters(endpoint.requests) / 4 <= bound.prompt_tokens
    assert finished.summary.cost_usd <= bound.usd
    assert bound.tokens == bound.prompt_tokens + bound.calls * MOST_TOKENS
    assert bound.why_not == ()


async def test_a_judge_asks_no_more_than_its_bound(judging, run, endpoint, bound_of):
    endpoint.answers_with(lambda _: "I cannot say.")  # so each vote is asked for twice
    config = {"votes": 3, "swap": True}
    model = {"parameters": {"max_tokens": MOST_TOKENS}, "price": PRICE}
    path = judging("because", "so " * 900, config=config, model=model)
    bound = await bound_of(path)

    await run(path)

    assert 0 < len(endpoint.requests) <= bound.calls
    assert characters(endpoint.requests) / 4 <= bound.prompt_tokens


def test_canaries_are_as_many_as_their_bound_says():
    assert len(BAD_ANSWERS) + len(BRIBES) == CANARY_VOTES


async def test_the_dearest_stand_in_counts(code_suite, bound_of, models, endpoint):
    dear = {**models["critic"], "price": {"input": 100.0, "output": 200.0}}
    alone = await bound_of(code_suite(*HOPELESS, models=models))
    models = {**models, "author": {**models["author"], "fallback": "dear"}, "dear": dear}

    with_fallback = await bound_of(code_suite(*HOPELESS, folder="other", models=models))

    assert with_fallback.calls == alone.calls
    assert with_fallback.usd > 40 * alone.usd
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"parameters": {}}, "answers of `author` have no `max_tokens`"),
        ({"price": None}, "the price of `author` is unknown"),
    ],
)
async def test_what_has_no_bound_is_said_to_have_none(code_suite, bound_of, models, changes, why):
    author = {k: v for k, v in {**models["author"], **changes}.items() if v is not None}

    bound = await bound_of(code_suite(*HOPELESS, models={**models, "author": author}))

    assert why in bound.why_not
    assert bound.usd is None
    assert bound.calls > 0
    assert (bound.tokens is None) == ("max_tokens" in why)


async def test_a_node_that_does_not_say_what_it_asks_leaves_no_bound(code_suite, bound_of, models):
    nodes = {
        "mark": {"node_type": "tag"},
        "solve": {
            "node_type": "llm",
            "model": "author",
            "prompt": "{question}",
            "output_keys": "answer",
        },
    }
    graph = {"nodes": nodes, "edges": chain(nodes)}
    quality = {"validators": CODE_VALIDATORS}

    bound = await bound_of(
        code_suite(*HOPELESS, models=models, graph_config=graph, quality=quality)
    )

    assert bound.tokens is None
    assert "node `mark` (`tag`) does not say what it asks" in bound.why_not


ROUTE = {"route": {"weights": {"author": 1, "critic": 1}}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
BY_SCHEMA = {"name": "author", "structured_output": {"enabled": True, "schema": SCHEMA}}


@pytest.mark.parametrize(
    ("changes", "nodes", "most"),
    [
        ({"on_length": "raise_max_tokens"}, {"node_type": "llm", "model": "author"}, 2),
        ({}, {"node_type": "llm", "model": BY_SCHEMA}, 3),
        ({}, {"node_type": "llm", "model": ROUTE}, 1),
        ({}, {"node_type": "multi_llm", "models": {"a": "author", "b": ROUTE}}, 2),
        ({}, {"node_type": "best_of_n", "model": "author", "samples": 4}, 4),
    ],
    ids=["raised", "by a schema", "a route", "several", "samples"],
)
async def test_calls_that_may_be_made_again_or_by_several_models_are_in_it(
    code_suite, run, endpoint, bound_of, models, changes, nodes, most
):
    endpoint.answers_with(lambda _: completion("no JSON" * 9, finish_reason="length"))
    models = {name: {**spec, **changes} for name, spec in models.items()}
    first = {**nodes, "prompt": "{question}"}
    if nodes["node_type"] != "best_of_n":
        first["output_keys"] = "said"
    solve = {"node_type": "llm", "model": "author", "prompt": "{id}", "output_keys": "answer"}
    graph = {"first": first} if "output_keys" not in first else {"first": first, "solve": solve}
    again = 2 if changes else 1
    path = code_suite(
        *HOPELESS, models=models, graph_config={"nodes": graph, "edges": chain(graph)}
    )
    bound = await bound_of(path)

    finished = await run(path)

    assert bound.calls == len(HOPELESS) * (most + again * ("solve" in graph))
    assert 0 < len(endpoint.requests) <= bound.calls
    assert characters(endpoint.requests) / 4 <= bound.prompt_tokens
    assert finished.summary.cost_usd <= bound.usd
