"""What the judge holds of an answer's values is shared where the answer shares it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators.typed_values import (
    BadForm,
    TooLarge,
    decoded,
    encoded,
    encoded_as_shared,
)
from sygra_eval.values import Status

GRID = "def blank(width, height):\n    return [[0] * width] * height\n"
BASKET = "def add(item, basket=[]):\n    basket.append(item)\n    return basket\n"
SAME = "def add(values):\n    return values\n"
KEPT = "_seen = []\ndef add(value):\n    _seen.append(value)\n    return _seen\n"


@pytest.mark.parametrize(
    ("code", "entry_point", "test"),
    [
        (GRID, "blank", "g = blank(2, 2)\ng[0][1] = 7\nassert g == [[0, 7], [0, 0]]"),
        (GRID, "blank", "g = blank(2, 2)\ng[0].append(1)\nassert len(g[1]) == 2"),
        (BASKET, "add", "a = add(1)\nb = add(2)\nassert a == [1]"),
        (SAME, "add", "a = [1]\nb = add(a)\nb.append(2)\nassert a == [1]"),
        (SAME, "add", "a = [1]\nb = add(a)\na.append(2)\nassert b == [1]"),
        (KEPT, "add", "a = add(1)\nadd(2)\nassert a == [1]"),
        (KEPT, "add", "add(1).clear()\nassert add(2) == [1, 2]"),
    ],
)
async def test_code_whose_values_are_shared_fails_what_python_fails(
    judge_tests, code, entry_point, test
):
    space = {}
    exec(code, space)  # noqa: S102 - written above
    with pytest.raises(AssertionError):
        exec(test, space)  # noqa: S102

    verdict = await judge_tests(code, entry_point=entry_point, visible=[test])

    assert verdict.status is Status.FAIL


async def test_what_stands_before_and_behind_an_iterator_is_still_one(judge_tests):
    """An iterator of the test is a value in the value, with things of its own that are shared."""
    code = "def add(first, it, last):\n    last.append(sum(map(len, it)))\n    return first"
    test = "x, y = [], [0]\nassert add(x, iter([y, y]), x) == [2]"

    verdict = await judge_tests(code, visible=[test])

    assert verdict.status is Status.PASS, verdict.reason


LEAVES = st.integers() | st.text(max_size=3) | st.floats(allow_nan=False) | st.none()
SETS = st.sets(st.integers(0, 5), max_size=2)


@st.composite
def sharing(draw):
    """A value in which lists, dicts, sets and tuples may stand more than once."""
    pool = [draw(LEAVES), draw(SETS), []]
    for _ in range(draw(st.integers(0, 6))):
        parts = draw(st.lists(st.sampled_from(range(len(pool))), max_size=4))
        made = [pool[part] for part in parts]
        kind = draw(st.sampled_from(["list", "tuple", "dict"]))
        pool.append(
            made if kind == "list" else tuple(made) if kind == "tuple" else dict(enumerate(made))
        )
    return pool[-1]


def sharing_of(value):
    """Say of each mutable place which earlier one is the same object."""
    met, told = {}, []

    def walk(one):
        if isinstance(one, list | dict | set):
            told.append(met.setdefault(id(one), len(met)))
        if isinstance(one, list | tuple):
            for part in one:
                walk(part)
        elif isinstance(one, dict):
            for part in one.values():
                walk(part)

    walk(value)
    return told


@given(sharing())
def test_a_value_arrives_with_what_it_shares(value):
    arrived = decoded(encoded_as_shared(value))

    assert arrived == value
    assert encoded(arrived) == encoded(value)
    assert sharing_of(arrived) == sharing_of(value)


def test_a_value_that_stands_in_itself_is_too_large():
    value = []
    value.append(value)

    with pytest.raises(TooLarge):
        encoded_as_shared(value)


def test_few_bytes_do_not_make_a_value_that_nobody_can_look_at():
    form, value = {"l": [1]}, [1]
    for number in range(30):
        form = {"l": [{"=": [number, form]}, {"*": number}]}
        value = [value, value]

    with pytest.raises(BadForm, match="too many parts"):
        decoded(form)
    with pytest.raises(TooLarge):
        encoded_as_shared(value)


@pytest.mark.parametrize("form", [{"*": 0}, {"=": [0]}, {"=": 1}, {"*": []}, {"=": [0, {"*": 0}]}])
def test_a_reference_to_nothing_is_no_form(form):
    with pytest.raises(BadForm):
        decoded(form)
