"""Conditions: what they say, what they refuse, and that no value is ever compared silently."""

import contextlib
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.suite.conditions import (
    MOST_CHARACTERS,
    BadCondition,
    UnfitForCondition,
    compile_condition,
    condition_problem,
)
from sygra_eval.values import Scope, Severity

ROW = {
    "score": 0.7,
    "count": 3,
    "label": "good",
    "is_ok": True,
    "tags": ["a", "b"],
    "nothing": None,
    "critique": {"score": 2, "deep": {"word": "yes"}},
    "a.b": 1,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("score > 0.5", True),
        ("score > 0.5 and label == 'bad'", False),
        ("0 < score <= 0.7", True),
        ("not is_ok or count >= 3", True),
        ("label in ['good', 'fine']", True),
        ("label in ('good', 'fine')", True),
        ("label not in {'bad'}", True),
        ("'a' in tags", True),
        ("'oo' in label", True),
        ("'score' in critique", True),
        ("critique.score == 2", True),
        ("critique.deep.word != 'yes'", False),
        ("a.b == 1", True),
        ("len(tags) == 2 and len(label) == 4 and len(critique) > 1", True),
        ("lower('GOOD') == label", True),
        ("startswith(label, 'go') and endswith(label, 'od')", True),
        ("var('score') > -1", True),
        ("nothing is None and label is not None", True),
        ("nothing == None and label != None", True),
        ("nothing == 'good'", False),
        ("is_ok == True", True),
        ("is_ok", True),
        ("\n  score > 0.5\n  and is_ok  ", True),
        ("1 == 1.0", True),
        ("tags == ['a', 'b']", True),
        ("5 in []", False),
        ("is_set(label) and not is_set(missing)", True),
        ("is_set(missing) and missing > 1", False),
        ("is_set(critique.score) and not is_set(critique.none) and is_set(nothing)", True),
    ],
)
def test_a_condition_holds_or_does_not(text, holds):
    assert compile_condition(text).holds(ROW) is holds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("label > 3", '`label > 3` compares the text "good" with the number 3'),
        ("is_ok > 0", "`is_ok > 0` compares true with the number 0"),
        ("nothing > 0", "compares null with the number 0"),
        ("label == 1", "which never are equal"),
        ("is_ok == 1", "compares true with the number 1"),
        ("label", '`label` is the text "good", true or false is needed'),
        ("is_ok and nothing", "`nothing` is null, true or false is needed"),
        ("not tags", "`tags` is a list of 2, true or false is needed"),
        ("1 in tags", "looks for the number 1 where nothing is of that kind"),
        ("1 in label", 'looks for the number 1 in the text "good"'),
        ("label in count", "in the number 3"),
        ("len(count) > 1", "`len(count)`: `count` is the number 3, without length"),
        ("lower(count) == 'x'", "a text is needed"),
        ("missing > 1", "this record has no `missing`"),
        ("critique.none > 1", "this record has no `critique.none`"),
        ("label.upper == 'x'", "this record has no `label.upper`"),
    ],
)
def test_what_does_not_compare_is_an_error_that_names_it_and_never_false(text, reason):
    with pytest.raises(UnfitForCondition) as raised:
        compile_condition(text).holds(ROW)
    assert reason in str(raised.value)


def test_a_value_that_is_not_a_number_compares_with_nothing():
    for text in ("x > 1", "x == 1.0", "x != x", "x in [1.0]"):
        with pytest.raises(UnfitForCondition):
            compile_condition(text).holds({"x": float("nan")})


def test_a_text_in_a_reason_stays_on_its_line_and_is_cut():
    with pytest.raises(UnfitForCondition) as raised:
        compile_condition("x > 1").holds({"x": "a\n\x1b[31m" + "b" * 99})
    assert 'the text "a\\n\\u001b[31mbbb' in str(raised.value)
    assert len(str(raised.value)) < 200


def test_a_condition_travels_to_another_process():
    condition = pickle.loads(pickle.dumps(compile_condition(" is_set(score) and score > 0.5 ")))  # noqa: S301 - our own

    assert condition.holds(ROW)
    assert condition == compile_condition("is_set(score) and score > 0.5")


def test_what_is_not_looked_at_is_not_judged():
    assert compile_condition("is_ok or label > 3").holds(ROW)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("score + 1 > 2", "score + 1"),
        ("__import__('os').system('x')", "__import__('os').system"),
        ("label.upper() == 'X'", "label.upper"),
        ("open('x')", "open"),
        ("[x for x in tags]", "[x for x in tags]"),
        ("(lambda: 1)()", "lambda: 1"),
        ("tags[0] == 'a'", "tags[0]"),
        ("f'{label}' == 'x'", "f'{label}'"),
        ("(x := 1) == 1", "x := 1"),
        ("score if is_ok else 0", "score if is_ok else 0"),
        ("b'x' == label", "b'x'"),
        ("1j == 1", "1j"),
        ("... == 1", "..."),
        ("label is 'good'", "label is 'good'"),
        ("2 ** 999999 > 1", "2 ** 999999"),
        ("'a' * 999999999 == label", "'a' * 999999999"),
        ("-label == 1", "-label"),
        ("1e999 > 1", "1e999"),
        ("(1, 2) == tags", "(1, 2)"),
        ("len(tags, key=1) == 1", "len"),
        ("len() == 1", "len"),
        ("var(label) == 1", "var(label)"),
        ("is_set(1)", "is_set(1)"),
        ("label is not (None or 1)", "label is not (None or 1)"),
    ],
)
def test_what_is_not_in_the_language_is_refused_and_pointed_at(text, piece):
    with pytest.raises(BadCondition) as raised:
        compile_condition(text)
    assert raised.value.piece == piece
    assert text.find(piece) == raised.value.offset


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("score = 1", "`==` compares"),
        ("score > 1 && is_ok", "write `and`"),
        ("score > 1 || is_ok", "write `or`"),
        ("{score} > 1", "write names without braces"),
        ("!is_ok", "write `not`"),
        ("score > 1 # why", "put the comment outside the condition"),
        ("score > 1 # why\nand is_ok", "put the comment outside the condition"),
    ],
)
def test_a_slip_of_another_language_is_told_how_it_is_written_here(text, fix):
    with pytest.raises(BadCondition) as raised:
        compile_condition(text)
    assert raised.value.fix == fix


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "(" * 300 + "1" + ")" * 300,
        "not " * 60 + "is_ok",
        "a or " * 390 + "a",
        "a" * (MOST_CHARACTERS + 1),
        "a\0b",
        "'\ud800' == a\ud800",
        "a) or (b",
        "a; b",
        "a\n\tb",
        "lambda",
        "*a",
        "await a",
        "yield",
        "1_",
        "0x",
        "'",
        '"""',
    ],
)
def test_size_and_nesting_are_bounded_and_nothing_else_comes_out(text):
    with pytest.raises(BadCondition):
        compile_condition(text)


def test_the_names_are_the_variables_each_once():
    condition = compile_condition("a.b > 1 and c == a.d and var('odd name') != 'x'")

    assert condition.names == ("a", "c", "odd name")


def test_an_unknown_name_is_pointed_at_and_the_nearest_is_named():
    text = "scores > 1 and scoer.x > 2 and true"
    scope = Scope(variables=frozenset({"scores", "score"}))

    first, second = compile_condition(text).problems(scope, ("when",))

    assert (first.code, first.at) == ("unknown-variable", ("when",))
    assert first.within == "scoer.x"
    assert first.fix == "write `score.x`"
    assert (second.within, second.fix) == ("true", "write `True`")


def test_behind_a_node_that_may_add_anything_an_unknown_name_is_a_warning():
    (problem,) = compile_condition("x > 1").problems(Scope(is_open=True))

    assert problem.severity is Severity.WARNING


def test_a_problem_points_at_the_place_and_not_at_an_earlier_copy():
    text = "len(a) > 1 and len() > 1"
    with pytest.raises(BadCondition) as raised:
        compile_condition(text)

    problem = condition_problem(raised.value, text, ("when",))

    assert (problem.code, text.find(problem.within)) == ("bad-condition", text.rfind("len"))


@pytest.mark.parametrize(
    ("text", "if_true", "if_false", "guarded"),
    [
        ("is_set(a)", "a", "", ["a"]),
        ("not is_set(a)", "", "a", ["a"]),
        ("is_set(a) and a > 1", "a", "", ["a", "a"]),
        ("a > 1 and is_set(a)", "a", "", ["a"]),
        ("not is_set(a) or a > 1", "", "a", ["a", "a"]),
        ("is_set(a.x) and (is_set(b) or b > 1)", "a", "", ["a.x", "b"]),
        ("is_set(a) or is_set(b)", "", "", ["a", "b"]),
        ("not (is_set(a) and is_set(b))", "", "ab", ["a", "b"]),
    ],
)
def test_what_was_asked_to_be_set_is_known_to_be_set(text, if_true, if_false, guarded):
    condition = compile_condition(text)

    assert condition.sets_if_true == set(if_true)
    assert condition.sets_if_false == set(if_false)
    assert [use.name for use in condition.uses if use.is_guarded] == guarded


def test_the_values_that_it_looked_at_can_be_told():
    condition = compile_condition("score > 0.9 and critique.score == 1 and missing")

    assert condition.values(ROW) == (
        "`score` is the number 0.7, `critique.score` is the number 2, `missing` is not set"
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=60) | st.text(alphabet="ab.()[]{}<>=!,'\"\\ #\n\t1e-notandri:", max_size=40)
)
def test_any_text_is_a_condition_or_a_bad_condition(text):
    try:
        condition = compile_condition(text)
    except BadCondition:
        return
    with contextlib.suppress(UnfitForCondition):
        condition.holds(ROW)


NUMBERS = (
    st.sampled_from(["score", "count", "critique.score", "len(tags)"])
    | st.integers(-3, 3).map(str)
    | st.floats(-2, 2, allow_nan=False).map(repr)
)
TEXTS = st.sampled_from(["label", "critique.deep.word"]) | st.sampled_from("abxyz").map(repr)
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def _comparisons(values):
    return st.builds(
        lambda a, s, b, more: f"{a} {s} {b}" + "".join(f" {x} {y}" for x, y in more),
        values, SIGNS, values, st.lists(st.tuples(SIGNS, values), max_size=2),
    )  # fmt: skip


ATOMS = (
    _comparisons(NUMBERS)
    | _comparisons(TEXTS)
    | st.builds("{} {} [{}, {}]".format, TEXTS, st.sampled_from(["in", "not in"]), TEXTS, TEXTS)
    | st.builds("{} {} {}".format, TEXTS, st.sampled_from(["in", "not in"]), TEXTS)
    | st.sampled_from(["is_ok", "True", "nothing is None", "nothing is not None", "'a' in tags"])
)
SAFE = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=8,
)


class _Dotted(dict):
    """A mapping whose keys Python's eval can read behind a dot."""

    __getattr__ = dict.__getitem__


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SAFE)
def test_it_agrees_with_python_where_python_is_safe(text):
    critique = _Dotted(score=2, deep=_Dotted(word="yes"))
    expected = eval(text, {"len": len}, {**ROW, "critique": critique})  # noqa: S307 - generated above

    assert compile_condition(text).holds(ROW) is expected
