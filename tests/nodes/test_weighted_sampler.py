"""A sampler draws by seed, node and the row's place, so no order of rows changes a draw."""

from collections import Counter

import pytest
from pydantic import ValidationError

from sygra_eval.nodes.weighted_sampler import WeightedSamplerConfig, weighted_sampler
from sygra_eval.suite import UnfitRow
from sygra_eval.values import Node, Row


class Context:
    """What of a context a sampler looks at."""

    def __init__(self, index: int, *, seed: int = 0, key: str = "pick") -> None:
        self.row = Row(id=f"any{index}", index=index, columns={}, origin="test")
        self.seed, self.key = seed, key


async def drawn(attributes, index=0, state=None, **context):
    config = WeightedSamplerConfig.model_validate({"attributes": attributes})
    node = Node(name="pick", type="weighted_sampler", config=config)
    return await weighted_sampler(node, state or {}, Context(index, **context))


COLOURS = {"colour": {"values": ["red", "green"], "weights": [3, 1]}}


async def test_the_same_seed_node_and_place_draw_the_same_and_others_draw_anew():
    first = [(await drawn(COLOURS, index))["colour"] for index in range(400)]

    again = {index: (await drawn(COLOURS, index))["colour"] for index in reversed(range(400))}
    other_seed = [(await drawn(COLOURS, index, seed=1))["colour"] for index in range(400)]
    other_visit = [(await drawn(COLOURS, index, key="pick#2"))["colour"] for index in range(400)]

    assert [again[index] for index in range(400)] == first
    assert first not in (other_seed, other_visit)
    assert Counter(first)["red"] == 289  # of 300 expected; chance is fixed by the seed


async def test_a_weight_of_0_is_never_drawn_and_a_single_value_is_always_that():
    attributes = {
        "never": {"values": ["yes", "no"], "weights": [0, 1]},
        "always": {"value": {"a": [1]}},
    }

    for index in range(50):
        assert await drawn(attributes, index) == {"never": "no", "always": {"a": [1]}}


async def test_a_columns_list_is_drawn_from_with_the_columns_weights():
    attributes = {"topic": {"values": {"column": "topics"}, "weights": {"column": "by"}}}

    assert await drawn(attributes, state={"topics": ["a", "b"], "by": [0, 2]}) == {"topic": "b"}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"topics": "abc", "by": [1]}, "`topics` is str, a list to draw from is needed"),
        ({"topics": [], "by": [1]}, "`topics` is an empty list"),
        ({"by": [1]}, "`topics` is NoneType"),
        ({"topics": ["a"], "by": [1, 2]}, "1 values have 2 weights"),
        ({"topics": ["a"], "by": [0]}, "no weight is above 0"),
        ({"topics": ["a"], "by": ["1"]}, "are not all numbers"),
        ({"topics": ["a"], "by": [float("nan")]}, "are not all numbers"),
    ],
)
async def test_a_row_that_cannot_be_drawn_from_says_why(state, told):
    attributes = {"topic": {"values": {"column": "topics"}, "weights": {"column": "by"}}}

    with pytest.raises(UnfitRow, match=told):
        await drawn(attributes, state=state)


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ({"values": ["a", "b"], "weights": [1]}, "2 values have 1 weights"),
        ({"values": ["a"], "weights": [0]}, "no weight is above 0"),
        ({"values": []}, "at least 1 item"),
        ({}, "either `values` or `value`"),
        ({"values": ["a"], "value": "a"}, "either `values` or `value`"),
        ({"value": 1, "weights": [1]}, "takes no `weights`"),
        ({"values": ["a"], "weights": [-1]}, "greater than or equal to 0"),
    ],
)
def test_weights_that_nothing_could_be_drawn_by_are_refused_before_the_run(attribute, told):
    with pytest.raises(ValidationError, match=told):
        WeightedSamplerConfig.model_validate({"attributes": {"x": attribute}})


async def test_it_is_a_node_type_like_any_other(visit_node):
    visit = await visit_node("weighted_sampler", config={"attributes": {"x": {"value": 1}}})

    assert visit.additions == {"x": 1}
