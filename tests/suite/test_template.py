"""Placeholders: names and dots only, what is filled in is never read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.suite import Template, UnknownVariable, escaped
from sygra_eval.values import Scope, Severity


def problems(text: str, **scope: object) -> list[tuple[str, str, str]]:
    found = Template.parse(text).problems(Scope(**scope))
    return [(problem.code, problem.within, problem.fix) for problem in found]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is {x}", "as it is {x}"),
        (3, "3"),
        (0.5, "0.5"),
        (["a", "b"], "a\nb"),
        ([], "[]"),
        (["a", 1], '["a", 1]'),
        ({"é": None}, '{"é": null}'),
        (True, "true"),
        (None, "null"),
    ],
)
def test_values_become_text(value, text):
    assert Template.parse("<{v}>").render({"v": value}) == f"<{text}>"


def test_dots_index_into_mappings_and_a_name_with_dots_wins():
    template = Template.parse("{a.b} {a.c.d}")

    assert template.render({"a": {"b": 1, "c": {"d": 2}}}) == "1 2"
    assert template.render({"a.b": 3, "a": {"c": {"d": 4}}}) == "3 4"
    assert template.names() == ("a",)


@pytest.mark.parametrize("variables", [{}, {"a": 1}, {"a": {}}, {"a": {"b": 1}}])
def test_a_value_that_a_record_lacks_is_named(variables):
    with pytest.raises(UnknownVariable, match=r"no `a\.b\.c`"):
        Template.parse("{a.b.c}").render(variables)


def test_doubled_braces_are_braces():
    assert Template.parse('{{"a": {x}}} {{x}}').render({"x": 1}) == '{"a": 1} {x}'


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ("{}", "{}"),
        ("{a b}", "{a b}"),
        ("{a.}", "{a.}"),
        ("{x!r}", "{x!r}"),
        ("{0}", "{0}"),
        ("open {", "{"),
        ("close }", "}"),
        ("{a\nb}", "{"),
    ],
)
def test_stray_braces_are_a_problem_with_a_fix_that_works(text, stray):
    code, within, fix = problems(text, variables=frozenset("ab"))[0]

    assert (code, within) == ("bad-placeholder", stray)
    assert f"`{escaped(stray)}`" in fix


def test_a_misspelt_variable_is_a_problem_with_the_nearest_name():
    assert problems("{qestion}", variables=frozenset({"question", "id"})) == [
        ("unknown-variable", "{qestion}", "write `{question}`")
    ]
    assert problems("{qestion.text}", variables=frozenset({"question"}))[0][2] == (
        "write `{question.text}`"
    )
    assert problems("{zzz}", variables=frozenset({"b", "a"}))[0][2] == "known here: `{a}`, `{b}`"


def test_a_column_with_dots_in_its_name_is_written_whole():
    variables = frozenset({"question.text", "id"})

    assert problems("{question.text}", variables=variables) == []
    assert problems("{question}", variables=variables)[0][2] == "write `{question.text}`"
    assert problems("{question.txt}", variables=variables)[0][2] == "write `{question.text}`"


@pytest.mark.parametrize(
    ("column", "fix"),
    [
        ("user-id", "rename the column, as to `user_id`"),
        ("the question", "rename the column, as to `the_question`"),
        ("1st", "rename the column, as to `_1st`"),
        ("%", "rename the column"),
    ],
)
def test_a_column_that_no_prompt_can_name_is_told_as_that(column, fix):
    problem, *_ = Template.parse(f"{{{column}}}").problems(Scope(variables=frozenset({column})))

    assert problem.code == "bad-placeholder"
    assert f"no prompt can name the column `{column}`" in problem.message
    assert problem.fix == fix


@pytest.mark.parametrize("column", ["class", "None", "lambda", "START", "items", "__class__"])
def test_words_of_python_are_columns_as_any_other(column):
    scope = Scope(variables=frozenset({column}))

    template = Template.parse(f"{{{column}}}")

    assert list(template.problems(scope)) == []
    assert template.render({column: "x"}) == "x"


def test_where_a_node_may_add_anything_an_unknown_variable_is_a_warning():
    (problem,) = Template.parse("{x}").problems(Scope(is_open=True))

    assert problem.severity is Severity.WARNING


def test_a_key_that_the_first_row_lacks_is_a_warning():
    row = {"meta": {"topic": "x"}, "id": "1"}
    scope = {"variables": frozenset(row), "row": row}

    assert problems("{meta.topic} {id.x}", **scope) == []
    assert problems("{meta.topc}", **scope) == [
        ("unknown-variable", "{meta.topc}", "write `{meta.topic}`")
    ]


def test_the_same_unknown_variable_twice_is_one_problem():
    assert len(problems("{x} {x} {y}")) == 2


@given(st.text())
def test_any_text_escaped_renders_as_itself(text):
    template = Template.parse(escaped(text))

    assert (template.render({}), template.stray, template.names()) == (text, (), ())


@given(st.text(st.sampled_from("{}ab. \n")))
def test_no_text_raises_and_what_is_not_stray_renders(text):
    template = Template.parse(text)
    variables = {"a": {"a": "", "b": ""}, "b": ""}

    if not template.stray and not any(p.name.count(".") for p in template.placeholders()):
        template.render(dict.fromkeys(template.names(), "") | variables)
    assert list(template.problems(Scope())) == list(template.problems(Scope()))


@given(st.text(), st.text())
def test_what_is_filled_in_is_never_a_template(first, second):
    rendered = Template.parse("{a}|{b}").render({"a": first, "b": second})

    assert rendered == f"{first}|{second}"
