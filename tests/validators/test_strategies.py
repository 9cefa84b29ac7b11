"""Strategies of a row: read over an allow-list, drawn from in a child, always the same."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators import inside_strategies
from sygra_eval.validators.generated_inputs import Examples, drawn, examples_of
from sygra_eval.validators.strategies import BadStrategy, parsed_strategy
from sygra_eval.validators.strategy_edges import edges_of_all
from sygra_eval.validators.strategy_hints import strategies_from_annotations
from sygra_eval.validators.strategy_names import STRATEGIES


async def inputs(*texts: str, count: int = 60, seed: int = 0) -> list[tuple[object, ...]]:
    return (await examples_of(parsed_strategy([*texts]), count, seed)).args()


async def test_a_text_for_each_argument_gives_inputs_within_its_bounds_each_once():
    drawn = await inputs("lists(integers(-20, 20), max_size=8)", "integers(1, 9)")

    assert len(drawn) == len(set(map(repr, drawn))) == 60
    assert all(1 <= number <= 9 and len(numbers) <= 8 for numbers, number in drawn)
    assert {number for numbers, _ in drawn for number in numbers} <= set(range(-20, 21))
    assert drawn[0] == ([], 1)
    assert {-20, 20, 0} <= {numbers[0] for numbers, _ in drawn[:24] if len(numbers) == 1}


async def test_one_text_gives_a_tuple_of_all_arguments():
    strategy = parsed_strategy("tuples(text('ab', max_size=3), st.booleans())")

    drawn = (await examples_of(strategy, 30, 0)).args()

    assert {type(text) for text, _ in drawn} == {str}
    assert {flag for _, flag in drawn} == {True, False}


WITHIN = [
    ("floats(0, 1)", lambda v: isinstance(v, float) and 0 <= v <= 1),
    ("floats()", lambda v: v == v and abs(v) != float("inf")),
    ("none() | booleans()", lambda v: v in (None, True, False)),
    ("one_of([just((1, -2)), just('x')])", lambda v: v in ((1, -2), "x")),
    ("sampled_from('abc')", lambda v: v in {"a", "b", "c"}),
    ("permutations(range(3))", lambda v: sorted(v) == [0, 1, 2]),
    ("from_regex('[a-f]{2}-\\\\d', fullmatch=True)", lambda v: len(v) == 4 and v[2] == "-"),
    ("lists(integers(0, 9), min_size=2, unique=True)", lambda v: len(set(v)) == len(v) >= 2),
    ("lists(integers()).map(sorted)", lambda v: v == sorted(v)),
    ("lists(sampled_from(['(', ')'])).map(''.join)", lambda v: set(v) <= {"(", ")"}),
    ("integers(-10**30, -2**70)", lambda v: -(10**30) <= v <= -(2**70)),
    ("dictionaries(text('k', max_size=2), integers(0, 1), max_size=2)",
     lambda v: isinstance(v, dict) and len(v) <= 2),
    ("fixed_dictionaries({'a': integers(0, 3), (1, 2): booleans()})",
     lambda v: v.keys() == {"a", (1, 2)}),
    ("frozensets(characters(min_codepoint=97, max_codepoint=99), max_size=2)",
     lambda v: isinstance(v, frozenset) and v <= set("abc")),
    ("tuples()", lambda v: v == ()),
    ("text('')", lambda v: v == ""),
    ("binary(max_size=2)", lambda v: isinstance(v, bytes) and len(v) <= 2),
    ("text(characters(codec='ascii'), min_size=1)", lambda v: v and v.isascii()),
    ("sets(integers(0, 5), max_size=0)", lambda v: v == set()),
]  # fmt: skip


@pytest.mark.parametrize("part", [slice(0, None, 2), slice(1, None, 2)])
async def test_what_is_drawn_is_what_the_text_says(part):
    texts, rules = zip(*WITHIN[part], strict=True)

    drawn = await inputs(*texts)

    assert drawn
    for text, is_within, values in zip(texts, rules, zip(*drawn, strict=True), strict=True):
        assert [value for value in values if not is_within(value)] == [], text


@pytest.mark.parametrize(("text", "is_within"), WITHIN)
def test_edges_are_what_the_text_says(text, is_within):
    edges = edges_of_all(parsed_strategy([text]).form)

    assert [value for (value,) in edges if not is_within(value)] == []


async def test_the_same_seed_gives_the_same_inputs_in_another_process_and_another_seed_others():
    strategy = parsed_strategy(["dictionaries(text(), sets(text()) | floats())"])

    first, again, other = [await drawn(strategy, 50, seed) for seed in (3, 3, 4)]

    assert first == again != other


@pytest.mark.parametrize("seed", [0, 20261125])
async def test_the_edges_of_numbers_are_drawn_more_often_also_inside_lists(seed):
    made = await inputs("lists(integers(-20, 20), max_size=4)", count=100, seed=seed)

    parts = [part for (numbers,) in made for part in numbers]
    assert {-20, 0, 20} < set(parts)
    assert parts.count(20) > parts.count(13)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (["lists(integrs())"],
         "`integrs` is no strategy that can be used at column 7 of `lists(integrs())`; "
         "write `integers`"),
        (["open('x')"], "`open` is no strategy"),
        (["__import__('os').system('x')"], "`.system` cannot be used; only `.map` can at column 1"),
        (["integers().filter(bool)"], "`.filter` cannot be used"),
        (["integers().map(eval)"], "`eval` cannot be mapped at column 16"),
        (["integers().map(lambda x: x)"], "`.map` takes one of"),
        (["lists(integers(), maxsize=3)"],
         "`lists` takes no argument `maxsize` at column 19 of `lists(integers(), maxsize=3)`; "
         "write `max_size`"),
        (["lists(integers(), max_size=1001)"], "`max_size` of `lists` is 1001, not an integer"),
        (["lists(3)"], "`3` is no strategy at column 7"),
        (["lists()"], "`lists` needs `elements`"),
        (["integers(1, 2, 3)"], "takes 2 arguments without a name, not more, at column 1"),
        (["integers(1, min_value=2)"], "is given twice"),
        (["integers(n)"], "the name `n` is not known here"),
        (["integers('3')"], "`min_value` of `integers` is '3', not an integer at column 10"),
        (["integers(*[1])"], "`*` cannot be used"),
        (["integers(**{})"], "`**` cannot be used"),
        (["integers"], "`integers` is not called; write `integers(...)`"),
        (["integers(2**9999)"], "a number that is too large"),
        (["integers(9**9**9)"], "a value that is too large"),
        (["from_regex('" + "a" * 201 + "')"], "longer than 200 characters"),
        (["just(range(9**9))"], "more than 1000 elements"),
        (["lists(" * 14 + "none()" + ")" * 14], "more than 12 deep"),
        (["just('" + "a" * 2000 + "')"], "characters, more than 2000"),
        (["integers("], "is no Python expression"),
        (["integers(); integers()"], "is no Python expression"),
        (["just(1), just(2)"], "is no strategy"),
        ("integers()", "one text has to be `tuples(...)`"),
        ([3], "column `s`: strategy 1: this is int, not a text"),
        (3, "column `s`: strategies are texts in a list, or one text; this is int"),
        (["none()"] * 21, "21 strategies, more than 20"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_place_and_what_was_meant(value, told):
    with pytest.raises(BadStrategy) as error:
        parsed_strategy(value, "column `s`")

    assert told in str(error.value)
    assert str(error.value).startswith("column `s`: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lists(integers(5, 2))", "`integers` is refused: InvalidArgument: Cannot have"),
        ("lists(integers(5, 2))", "at column 7 of `lists(integers(5, 2))`"),
        ("from_regex('(')", "`from_regex` is refused"),
        ("lists(booleans(), unique=True, min_size=3)", "nothing fits it"),
        ("sets(lists(integers()))", "TypeError: unhashable type: 'list'"),
        ("dictionaries(lists(integers(), max_size=0), none())", "unhashable type"),
        ("integers().map(len)", "`.map` does not work on what it is given: TypeError"),
    ],
)
async def test_what_hypothesis_refuses_is_told_with_its_place(text, told):
    with pytest.raises(BadStrategy) as error:
        await inputs(text)

    assert told in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "lists(lists(integers(), min_size=900), min_size=900)",
        "lists(text(min_size=900), min_size=900)",
    ],
)
async def test_a_strategy_that_takes_for_ever_ends_its_child_only(text, monkeypatch):
    monkeypatch.setattr("sygra_eval.validators.generated_inputs.CPU_S", 0.3)

    with pytest.raises(BadStrategy) as error:
        await inputs(text, count=1000)

    assert "s of CPU to draw from; make it smaller" in str(error.value)


async def test_no_constant_of_a_module_of_ours_is_drawn():
    source = Path(inside_strategies.__file__).read_text("utf-8")
    ours = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 3
    }

    drawn = await inputs("text()", count=1000)

    assert len(ours) > 30
    assert ours & {text for (text,) in drawn} == set()


async def test_nothing_is_left_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    await inputs("text()", seed=77)

    assert [*tmp_path.iterdir()] == []


async def test_discarded_draws_are_counted():
    made = await examples_of(parsed_strategy(["sets(integers(0, 3), min_size=4)"]), 50, 0)

    assert isinstance(made, Examples)
    assert len(made.forms) == 1
    assert made.discarded >= 0


@pytest.mark.parametrize(
    ("signature", "texts"),
    [
        ("(n: int) -> int", ["integers(-100, 100)"]),
        ("(a: list[str], b: 'float')",
         ["lists(text(max_size=12), max_size=8)", "floats(-1000, 1000)"]),
        ("(a: Optional[int])", ["one_of(none(), integers(-100, 100))"]),
        ("(a: int | None)", ["one_of(integers(-100, 100), none())"]),
        ("(a: typing.Dict[str, bool])",
         ["dictionaries(text(max_size=12), booleans(), max_size=6)"]),
        ("(a: tuple[int, ...])", ["lists(integers(-100, 100), max_size=8).map(tuple)"]),
        ("(a: tuple[int, bytes])", ["tuples(integers(-100, 100), binary(max_size=12))"]),
        ("(a: Union[set[int], frozenset])",
         ["one_of(sets(integers(-100, 100), max_size=8), "
          "frozensets(integers(-100, 100), max_size=8))"]),
        ("(a: Literal['x', 2])", ["sampled_from(['x', 2])"]),
        ("(a: int, b=3, c: int = 4)", ["integers(-100, 100)"]),
        ("(a: int, b)", None),
        ("(a: Tree)", None),
        ("(a: int, *, b: int)", None),
        ("(a: dict[str])", None),
        ("()", None),
    ],
)  # fmt: skip
def test_annotations_give_strategies_where_they_say_enough(signature, texts):
    code = f"import os; os.abort()\ndef f{signature}:\n    return 1\n"

    made = strategies_from_annotations(code, "f")

    assert (None if made is None else [*made.texts]) == texts


def test_code_that_is_none_has_no_annotations():
    assert strategies_from_annotations("def f(", "f") is None
    assert strategies_from_annotations("class f: pass", "f") is None


PIECES = st.sampled_from(
    [
        *STRATEGIES,
        *("(", ")", "()", ",", "[", "]", "=", "min_size", "max_size", "3", "-1", "'a'", "|", "*"),
        *(".map(sorted)", "{", "}", ":", "**", "range", "lambda: 0", "\n", "9e999", "None", "..."),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40))
def test_any_text_is_a_strategy_or_told_to_be_none(text):
    made = told = None
    try:
        made = parsed_strategy([text])
    except BadStrategy as error:
        told = str(error)

    assert made or told
    if made is not None:
        assert ast.parse(text.strip(), mode="eval")
        edges_of_all(made.form)
