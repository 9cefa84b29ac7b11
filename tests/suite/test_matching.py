import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.suite import expression
from sygra_eval.values import UsageError

NAMES = ("glaive_code", "default", "task/12", "naïve row", "slow")


@pytest.mark.parametrize(
    ("text", "is_match"),
    [
        ("glaive", True),
        ("GLAIVE", True),
        ("python", False),
        ("not python", True),
        ("not not python", False),
        ("glaive and not slow", False),
        ("python or slow", True),
        ("python or glaive and slow", True),  # `and` binds more than `or`
        ("(python or glaive) and python", False),
        ("not (python or glaive)", False),
        ("not python and glaive", True),  # `not` binds most
        ("task/12", True),
        ("12", True),
        ("'naïve row'", True),
        ('"a row"', False),
        ("nothing", False),  # begins as `not` does and is a name
        ("android", False),
    ],
)
def test_k_matches_parts_of_names_in_any_case(text, is_match):
    assert expression(text, "-k").matches(NAMES) is is_match


@pytest.mark.parametrize(("text", "is_match"), [("slow", True), ("slo", False), ("Slow", False)])
def test_m_matches_whole_tags(text, is_match):
    assert expression(text, "-m").matches_whole(NAMES) is is_match


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("a and", 6, "expected a name"),
        ("and a", 1, "expected a name"),
        ("a b", 3, 'expected "and", "or" or the end, and found `b`'),
        ("(a", 3, 'expected ")"'),
        ("a)", 2, 'expected "and", "or"'),
        ("a & b", 3, "unexpected `&`"),
        ("'a", 1, "a quote is not closed"),
        ("()", 2, "expected a name"),
        ("", 1, "expected a name"),
        ("(" * 60 + "a" + ")" * 60, 51, "more than 50 parentheses"),
        ("a" * 10_001, None, "10,000 characters"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_column(text, column, why):
    with pytest.raises(UsageError) as refused:
        expression(text, "-k")

    assert why in str(refused.value)
    assert column is None or f"column {column}:" in str(refused.value)


TREES = st.recursive(
    st.sampled_from(["ab", "b", "c"]).map(lambda name: (name, name)),
    lambda inner: (
        inner.map(lambda one: (f"not ({one[0]})", f"(not {one[1]})"))
        | st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda three: (
                f"({three[0][0]}) {three[1]} ({three[2][0]})",
                f"({three[0][1]} {three[1]} {three[2][1]})",
            )
        )
    ),
    max_leaves=8,
)


@given(TREES, st.sets(st.sampled_from(["ab", "b", "c"])))
def test_an_expression_says_what_pythons_own_operators_say(tree, names):
    text, as_python = tree
    known = {name: name in names for name in ("ab", "b", "c")}

    said = expression(text, "-m").matches_whole(names)

    assert said is eval(as_python, {}, known)  # noqa: S307 - made of three letters above


@given(st.text(st.sampled_from("ab()'\"& andornt"), max_size=30))
def test_any_text_is_an_expression_or_refused_with_words(text):
    with contextlib.suppress(UsageError):  # nothing else is let through
        assert expression(text, "-k").matches(["ab"]) in (True, False)


def test_pytest_says_the_same_of_the_same_expressions():
    from _pytest.mark.expression import Expression as Theirs

    def theirs(text):
        def matcher(name, **kwargs):
            return any(name.lower() in one.lower() for one in NAMES)

        return Theirs.compile(text).evaluate(matcher)

    for text in ("glaive and not slow", "python or glaive and slow", "not (a or b)", "not not 12"):
        assert expression(text, "-k").matches(NAMES) is theirs(text)
