"""A row's model by weight or by the row: what it may say, what is wrong with it, who is chosen."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import (
    ModelOrRoute,
    RoutedChoice,
    UnfitRow,
    check_suite,
    load_suite,
    suite_schema,
)
from sygra_eval.suite.routing import drawn
from sygra_eval.values import Severity

SUITE = """\
suite: {{name: routed}}
models:
  small: {{use: openai, base_url: "http://127.0.0.1:9/v1", model: a}}
  large: {{use: openai, base_url: "http://127.0.0.1:9/v1", model: b}}
data_config:
  source: {{type: disk, file_path: rows.jsonl, id: id}}
graph_config:
  nodes:
    solve:
      node_type: llm
      model: {model}
      prompt: "{{question}}"
      output_keys: answer
  edges:
    - {{from: START, to: solve}}
    - {{from: solve, to: END}}
"""
MODEL_LINE = 11
BY_ROW = '{route: {by: "{difficulty}", cases: {easy: small, hard: large}, otherwise: small}}'

NAMES = st.text("abcdefgh", min_size=1, max_size=3)
WEIGHTS = st.dictionaries(NAMES, st.integers(1, 10), min_size=1, max_size=4)
SEEDS = st.integers(-(2**63), 2**63)
ROW_IDS = st.text(st.characters(), max_size=20)  # surrogates and NUL included


@pytest.fixture(scope="module")
def built_in():
    environ = {"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return load_plugins(Path("/"), environ=environ)


@pytest.fixture
def suite_with(tmp_path):
    """Write a suite whose node has this model."""

    def write(model: str, **columns: object):
        row = {"id": "a", "question": "why?", "difficulty": "easy", **columns}
        (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
        (tmp_path / "suite.yaml").write_text(SUITE.format(model=model))
        return tmp_path / "suite.yaml"

    return write


def choice_of(model: str) -> RoutedChoice:
    return TypeAdapter(ModelOrRoute).validate_python(yaml.safe_load(model))


def context(row_id: str, seed: int = 0) -> SimpleNamespace:
    return SimpleNamespace(seed=seed, row=SimpleNamespace(id=row_id))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("small", ("small",)),
        ("{name: small, parameters: {temperature: 0}}", ("small",)),
        ("{route: {weights: {small: 3, large: 1}}}", ("small", "large")),
        ("{route: {weights: {small: 0.5}}, parameters: {temperature: 0}}", ("small",)),
        (BY_ROW, ("small", "large")),
        ('{route: {by: "{difficulty}", cases: {easy: large}}}', ("large",)),
    ],
)
def test_every_form_is_taken_by_the_loader_and_by_the_schema(suite_with, built_in, model, names):
    jsonschema = pytest.importorskip("jsonschema")
    path = suite_with(model)

    suite = load_suite(path, built_in)

    assert suite.nodes[0].config.model.names() == names
    validator = jsonschema.Draft202012Validator(suite_schema(built_in))
    assert validator.is_valid(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("model", "code", "points_at", "fix"),
    [
        ("{route: {weights: {small: 3, larg: 1}}}", "unknown-model", "larg", "write `large`"),
        (
            '{route: {by: "{difficulty}", cases: {easy: smal}, otherwise: large}}',
            "unknown-model",
            "smal}",
            "write `small`",
        ),
        (
            '{route: {by: "{difficulty}", cases: {easy: small}, otherwise: lage}}',
            "unknown-model",
            "lage",
            "write `large`",
        ),
        (
            '{route: {by: "{dificulty}", cases: {easy: small}, otherwise: large}}',
            "unknown-variable",
            'dificulty}"',
            "write `{difficulty}`",
        ),
        ("{route: {weights: {small: 0}}}", "wrong-value", "0", ""),
        ("{route: {weights: {small: -1}}}", "wrong-value", "-1", ""),
        ("{route: {weights: {small: .inf}}}", "wrong-value", ".inf", ""),
        ("{route: {weights: {small: true}}}", "wrong-type", "true", ""),
        ("{route: {weights: {}}}", "wrong-value", "{}", ""),
        ("{rout: {weights: {small: 1}}}", "unknown-key", "rout", "write `route`"),
        ("{route: {weigths: {small: 1}}}", "unknown-key", "weigths", "write `weights`"),
        (
            "{route: {weights: {small: 1}}, paramters: {}}",
            "unknown-key",
            "paramters",
            "write `parameters`",
        ),
        ("{route: {weights: {small: 1}}, name: small}", "wrong-value", "name", "leave one of them"),
        ("{}", "missing-key", "{}", "add `name: ...`"),
        ("{parameters: {top_p: 1}}", "missing-key", "{parameters", "add `name: ...`"),
        ("{nam: small}", "unknown-key", "nam", "write `name`"),
        ("{name: 3}", "wrong-type", "3", 'write `"3"`'),
        ("3", "wrong-type", "3", ""),
        (
            '{route: {by: "{difficulty}", cases: {easy: small}, otherwize: large}}',
            "unknown-key",
            "otherwize",
            "write `otherwise`",
        ),
        (
            "{route: {by: {difficulty}, cases: {easy: small}}}",
            "wrong-type",
            "{difficulty}",
            'write `"{difficulty}"`',
        ),
        (
            "{route: {by: difficulty, cases: {easy: small}, otherwise: large}}",
            "wrong-value",
            "difficulty",
            'write `"{COLUMN}"`, or the model instead of a route',
        ),
        ('{route: {by: "{difficulty}"}}', "missing-key", "route", "add `cases: ...`"),
    ],
)
def test_what_is_wrong_is_named_at_its_place_with_a_fix(
    suite_with, built_in, model, code, points_at, fix
):
    path = suite_with(model)
    line = path.read_text().splitlines()[MODEL_LINE - 1]

    (found,) = check_suite(path, built_in)

    assert (found.code, found.line) == (code, MODEL_LINE), found
    assert line[found.column - 1 :].startswith(points_at), found
    if fix:
        assert found.fix == fix


def test_a_first_row_without_a_case_is_a_warning(suite_with, built_in):
    model = '{route: {by: "{difficulty}", cases: {easy: small, hard: large}}}'

    (found,) = check_suite(suite_with(model, difficulty="hart"), built_in)

    assert (found.code, found.severity) == ("no-case", Severity.WARNING)
    assert "no case of the route `{difficulty}` is `hart`" in found.message
    assert "write `hard`" in found.message


def test_the_row_chooses_by_its_value_and_else_what_is_named_for_the_others():
    choice = choice_of(BY_ROW)

    def chosen(value):
        return choice.chosen({"difficulty": value}, context("a")).name

    assert [chosen("easy"), chosen("hard"), chosen("hard\n"), chosen("odd"), chosen(None)] == [
        "small",
        "large",
        "large",  # as a model that sorts the rows ends its reply
        "small",
        "small",
    ]


def test_a_value_without_a_case_is_the_rows_fault():
    choice = choice_of('{route: {by: "{difficulty}", cases: {easy: small}}}')

    with pytest.raises(UnfitRow, match="is `hard`, and it has no `otherwise`"):
        choice.chosen({"difficulty": "hard"}, context("a"))


def test_parameters_go_to_whichever_model_is_chosen():
    choice = choice_of("{route: {weights: {small: 1, large: 1}}, parameters: {temperature: 0}}")

    chosen = [choice.chosen({}, context(f"r{n}")) for n in range(20)]

    assert {one.name for one in chosen} == {"small", "large"}
    assert {one.parameters["temperature"] for one in chosen} == {0}


# The choice by weight


@settings(deadline=None)
@given(WEIGHTS, SEEDS, ROW_IDS, st.randoms())
def test_the_choice_depends_on_seed_and_row_and_not_on_the_order_of_the_names(
    weights, seed, row_id, random
):
    shuffled = list(weights.items())
    random.shuffle(shuffled)

    assert drawn(dict(shuffled), seed=seed, row_id=row_id) == drawn(
        weights, seed=seed, row_id=row_id
    )


@settings(max_examples=25, deadline=None)
@given(WEIGHTS, SEEDS)
def test_each_model_gets_its_share_of_the_rows(weights, seed):
    rows = 1_500
    chosen = [drawn(weights, seed=seed, row_id=f"r{n}") for n in range(rows)]

    for name, weight in weights.items():
        share = weight / sum(weights.values())
        deviation = (rows * share * (1 - share)) ** 0.5
        assert abs(chosen.count(name) - rows * share) <= 6 * deviation + 3


@settings(deadline=None)
@given(WEIGHTS, SEEDS, ROW_IDS, NAMES, st.integers(1, 10))
def test_a_model_that_is_added_takes_rows_and_moves_none_between_the_others(
    weights, seed, row_id, added, weight
):
    before = drawn(weights, seed=seed, row_id=row_id)
    others = {name: w for name, w in weights.items() if name != added}

    after = drawn({**others, added: weight}, seed=seed, row_id=row_id)

    if added not in weights:
        assert after in (before, added)


@settings(deadline=None)
@given(WEIGHTS, ROW_IDS, st.floats(0.001, 1000))
def test_weights_mean_the_same_in_any_unit(weights, row_id, unit):
    scaled = {name: weight * unit for name, weight in weights.items()}

    assert drawn(scaled, seed=0, row_id=row_id) == drawn(weights, seed=0, row_id=row_id)


def test_another_seed_sorts_the_rows_anew():
    def of(seed):
        return [drawn({"a": 1, "b": 1}, seed=seed, row_id=f"r{n}") for n in range(64)]

    assert of(0) == of(0)
    assert of(0) != of(1)


def test_what_was_drawn_in_the_past_is_drawn_today():
    """A run that was begun by an older version goes on with the same models."""
    weights = {"a": 1, "b": 2, "c": 1}

    assert "".join(drawn(weights, seed=7, row_id=f"r{n}") for n in range(16)) == "bbababbabacbbbcc"
