import pytest
from pydantic import ValidationError

from sygra_eval.validators import UnitTestsConfig
from sygra_eval.validators.mutation import MutationConfig
from sygra_eval.validators.stable import StableConfig
from sygra_eval.values import Scope, Severity

SCOPE = Scope(variables=frozenset({"question", "visible_tests", "entry_point"}))


def test_from_names_the_visible_tests_or_both_groups():
    alone = UnitTestsConfig.model_validate({"from": "tests"})
    both = UnitTestsConfig.model_validate({"from": {"hidden": "h", "visible": "v"}})

    assert alone.columns() == {"visible": "tests"}
    assert list(both.columns().items()) == [("visible", "v"), ("hidden", "h")]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"from": "a", "form": "b"},
        {"from": {}},
        {"from": {"visibel": "a"}},
        {"from": "a", "timeout": 0},
    ],
)
def test_what_is_not_meant_is_refused(keys):
    with pytest.raises(ValidationError):
        UnitTestsConfig.model_validate(keys)


def test_an_unknown_column_is_a_problem_at_its_place_with_a_fix():
    config = UnitTestsConfig.model_validate({"from": {"visible": "visible_test"}})

    (problem,) = config.problems(SCOPE)

    assert (problem.code, problem.at, problem.within) == (
        "unknown-column",
        ("from", "visible"),
        "visible_test",
    )
    assert problem.fix == "write `visible_tests`"
    assert problem.message.startswith("no column or node provides `visible_test`; known: `entry")


def test_where_names_may_still_come_it_is_a_warning():
    config = UnitTestsConfig.model_validate({"from": "tests", "entry_point": "function"})

    problems = list(config.problems(Scope(is_open=True)))

    assert [problem.at for problem in problems] == [("from",), ("entry_point",)]
    assert {problem.severity for problem in problems} == {Severity.WARNING}


def test_the_default_entry_point_need_not_be_there():
    config = UnitTestsConfig.model_validate({"from": "visible_tests"})

    assert list(config.problems(Scope(variables=frozenset({"visible_tests"})))) == []


@pytest.mark.parametrize("keys", [MutationConfig, StableConfig])
def test_who_judges_by_a_rows_tests_says_which_column_is_not_there(keys):
    config = keys.model_validate({"from": {"visible": "visible_test"}})

    (problem,) = config.problems(SCOPE)

    assert (problem.code, problem.fix) == ("unknown-column", "write `visible_tests`")
