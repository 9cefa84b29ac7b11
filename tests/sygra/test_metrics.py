"""Metrics of SyGra by their rules, worked out by hand, and what a summary says of what is missing.

The numbers were compared with SyGra's own on the same inputs (docs/sygra.md).
"""

import json

import pytest

from sygra_eval.sygra import Shim, post_processed, write_rows
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics import (
    aggregator_metric_registry as many,
)
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics import unit_metric_registry as one
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)

BOX = {"bbox": {"x": 10, "y": 20, "width": 5, "height": 5}}


@pytest.mark.parametrize(
    ("name", "golden", "predicted", "config", "correct"),
    [
        ("exact_match", {"t": " A  b\n"}, {"t": "a B"}, {"key": "t"}, True),
        ("exact_match", {"t": "A"}, {"t": "a"}, {"key": "t", "case_sensitive": True}, False),
        ("exact_match", {"t": "a  b"}, {"t": "a b"}, {"key": "t"}, True),
        (
            "exact_match",
            {"t": "a  b"},
            {"t": "a b"},
            {"key": "t", "normalize_whitespace": False},
            False,
        ),
        ("exact_match", {}, {}, {"key": "t"}, True),
        ("exact_match", {"a": 1}, {"a": "1"}, {}, False),  # the whole as text: {'a': 1}
        ("action_within_bbox", BOX, {"x": 10, "y": 25}, {}, True),
        ("action_within_bbox", BOX, {"x": "12", "y": 20}, {}, True),
        ("action_within_bbox", BOX, {"x": 15.1, "y": 25}, {}, False),
        ("action_within_bbox", BOX, {}, {}, False),
        ("action_within_bbox", {}, {"x": 1, "y": 1}, {}, False),
        ("scroll_direction", {"direction": "up"}, {"direction": "up"}, {}, True),
        ("scroll_direction", {"direction": "up"}, {"direction": "UP"}, {}, False),
        ("scroll_direction", {"direction": "on"}, {"direction": "on"}, {}, False),
        ("scroll_amount", {"amount": 100}, {"amount": 120}, {}, True),
        ("scroll_amount", {"amount": 100}, {"amount": 79}, {}, False),
        ("scroll_amount", {"amount": 0}, {"amount": 10}, {}, True),
        ("scroll_amount", {"amount": 0}, {"amount": 11}, {}, False),
        ("scroll_amount", {"amount": 100}, {"amount": 145}, {"tolerance_percent": 45}, True),
        ("typed_value_match", {"text": "abcde"}, {"text": "abcdX"}, {}, True),  # 8 of 10
        (
            "typed_value_match",
            {"text": "abcde"},
            {"text": "abcdX"},
            {"fuzzy_match_threshold": 0.81},
            False,
        ),
        ("typed_value_match", {"text": " Two\nwords"}, {"text": "two words"}, {}, True),
    ],
)
def test_an_answer_is_right_by_the_rule_of_its_metric(name, golden, predicted, config, correct):
    (result,) = one.UnitMetricRegistry.get_metric(name, **config).evaluate([golden], [predicted])

    assert result.correct is correct
    assert result.metadata["validator"] == name
    assert "error" not in result.metadata


def test_what_cannot_be_compared_is_an_error_and_told_apart_from_a_wrong_answer():
    metric = one.UnitMetricRegistry.get_metric("scroll_amount")

    broken, wrong = metric.evaluate([{"amount": 1}] * 2, [{"amount": "far"}, {"amount": 9}])

    assert (broken.correct, wrong.correct) == (False, False)
    assert "could not convert" in broken.metadata["error"]
    counted = many.AggregatorMetricRegistry.get_metric("accuracy").calculate([broken, wrong])
    assert counted == {"accuracy": 0.0, "errors": 1}


def test_golden_and_predicted_have_to_be_as_many_and_dictionaries():
    metric = one.UnitMetricRegistry.get_metric("exact_match")

    with pytest.raises(ValueError, match="same length \\(got 2 and 1\\)"):
        metric.evaluate([{}, {}], [{}])
    with pytest.raises(ValueError, match="golden must be a dictionary"):
        metric.evaluate(["x"], ["x"])


def right(golden=None, predicted=None, **metadata):
    return result(golden, predicted, metadata, correct=True)


def wrong(golden=None, predicted=None, **metadata):
    return result(golden, predicted, metadata, correct=False)


def result(golden, predicted, metadata, *, correct):
    return UnitMetricResult(
        correct=correct,
        golden={} if golden is None else {"c": golden},
        predicted={} if predicted is None else {"c": predicted},
        metadata=metadata,
    )


FIVE = [
    right("a", "a"),
    wrong("a", "b"),
    right("b", "b"),
    wrong("c", "b"),
    wrong("d"),
]


@pytest.mark.parametrize(
    ("name", "config", "values"),
    [
        ("accuracy", {}, {"accuracy": 2 / 5}),
        (
            "precision",
            {"predicted_key": "c"},
            {"average_precision": (1 + 1 / 3) / 2, "precision_per_class": {"a": 1.0, "b": 1 / 3}},
        ),
        (
            "recall",
            {"golden_key": "c"},
            {
                "average_recall": (0.5 + 1 + 0 + 0) / 4,
                "recall_per_class": {"a": 0.5, "b": 1.0, "c": 0.0, "d": 0.0},
            },
        ),
        ("pass@k", {"k": 3}, {"pass@1": 0.4, "pass@2": 1 - 3 / 10, "pass@3": 1 - 1 / 10}),
        ("pass@k", {"k": 0}, {}),
        ("pass^k", {"k": 2}, {"success_rate": 0.4, "pass^1": 0.4, "pass^2": 0.4**2}),
    ],
)
def test_many_results_become_the_numbers_of_the_rule(name, config, values):
    found = many.AggregatorMetricRegistry.get_metric(name, **config).calculate(FIVE)

    assert found.keys() == values.keys()
    for key, value in values.items():
        assert found[key] == pytest.approx(value)


def test_f1_is_the_harmonic_mean_of_the_two_averages():
    metric = many.AggregatorMetricRegistry.get_metric("f1_score", golden_key="c", predicted_key="c")

    found = metric.calculate(FIVE)

    precision, recall = (1 + 1 / 3) / 2, 3 / 8
    assert found["average_f1_score"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert found["f1_score_per_class"] == pytest.approx({"a": 2 / 3, "b": 0.5, "c": 0, "d": 0})


def test_pass_at_k_is_zero_where_there_are_fewer_results_than_attempts():
    found = many.AggregatorMetricRegistry.get_metric("pass@k", k=7).calculate(FIVE)

    assert (found["pass@5"], found["pass@6"], found["pass@7"]) == (1.0, 0.0, 0.0)


def test_a_step_is_worth_less_the_later_it_is_right():
    steps = [
        wrong(mission_id="m", step_id=1, retry_number=0),
        right(mission_id="m", step_id=1, retry_number=1),
        right(mission_id="m", step_id=2, retry_id="retry_0"),
        wrong(mission_id="m", step_id=3),
        right(mission_id="n", step_id=1, retry_id="retry_2"),
    ]
    metric = many.AggregatorMetricRegistry.get_metric("step_efficiency")

    assert metric.calculate(steps) == {
        "step_efficiency": pytest.approx((0.8 + 1 + 0 + 0.6) / 4),
        "total_steps": 4,
        "first_attempt_correct": 1,
        "retry_correct": 2,
        "never_correct": 1,
        "avg_retries_when_correct": 1.0,
    }


@pytest.mark.parametrize("name", many.AggregatorMetricRegistry.list_metrics())
def test_of_no_result_nothing_is_known(name):
    """P19: SyGra says 0.0."""
    config = {"k": 2, "golden_key": "c", "predicted_key": "c"}

    found = many.AggregatorMetricRegistry.get_metric(name, **config).calculate([])

    assert found.pop("evaluated") == 0
    assert not any(isinstance(value, float) for value in found.values())
    assert None in found.values()


def test_a_metric_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(KeyError, match="exact_match, scroll_amount"):
        one.UnitMetricRegistry.get_metric("exact")
    with pytest.raises(ValueError, match="predicted_key"):
        many.AggregatorMetricRegistry.get_metric("precision")


def test_a_result_goes_into_a_row_and_comes_back():
    told = right("a", "b", why="x")

    assert UnitMetricResult.from_dict(json.loads(json.dumps(told.to_dict()))) == told
    assert UnitMetricResult.from_dict({}) == UnitMetricResult(
        correct=False, golden={}, predicted={}
    )


PYTHON = """
from datetime import datetime

from sygra.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    AggregatorMetricRegistry,
)
from sygra.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra.core.eval.metrics.unit_metrics.base_unit_metric import BaseUnitMetric
from sygra.core.eval.metrics.unit_metrics.unit_metric_registry import (
    UnitMetricRegistry, unit_metric,
)
from sygra.core.eval.metrics.unit_metrics.unit_metric_result import UnitMetricResult
from sygra.core.graph.functions.lambda_function import LambdaFunction
from sygra.core.graph.graph_postprocessor import GraphPostProcessor


@unit_metric("shorter")
class Shorter(BaseUnitMetric):
    def __init__(self, **config):
        super().__init__(**config)
        self.validate_config()
        self.metadata = self.get_metadata()

    def get_metadata(self):
        return BaseMetricMetadata(name="shorter", display_name="Shorter", description="x")

    def evaluate(self, golden, predicted):
        pairs = zip(golden, predicted)
        return [UnitMetricResult(len(p["text"]) < len(g["text"]), g, p) for g, p in pairs]


class Measure(LambdaFunction):
    @staticmethod
    def apply(config, state):
        if state["said"] == "break":
            raise RuntimeError("broken")
        for metric in config["unit_metrics_map"]:
            made = UnitMetricRegistry.get_metric(metric["name"], **metric.get("params", {}))
            pair = [{"text": state["gold"]}], [{"text": state["said"]}]
            state[metric["name"]] = made.evaluate(*pair)[0].to_dict()
        return state


class Collect(GraphPostProcessor):
    def __init__(self, aggregator_metrics_map=None):
        self.listed = aggregator_metrics_map

    def process(self, data, metadata):
        results, about = {}, {"total_records": len(data), "status": "success"}
        try:
            for one in self.listed:
                column = one["unit_metrics_results"][0]
                found = [UnitMetricResult(**row[column]) for row in data if row[column]]
                made = AggregatorMetricRegistry.get_metric(one["name"], **one.get("params", {}))
                results[f"{column}-{one['name']}"] = made.calculate(found)
        except Exception as error:
            about.update(status="fatal_error", error=str(error))
        return [{"evaluation_summary": about, "results": results}]
"""


@pytest.fixture
def measured(project):
    """Return a function that writes a task which measures its rows."""

    def write(name="exact_match", params=None, rows=(), aggregate="accuracy"):
        node = {
            "node_type": "lambda",
            "lambda": "tasks.ours.measured.task_executor.Measure",
            "unit_metrics_map": [{"name": name, "params": params or {}}],
            "output_keys": name,
        }
        entry = {"name": aggregate, "unit_metrics_results": [name]}
        return project.task(
            "measured",
            {"m": node},
            python=PYTHON,
            rows=[{"id": str(n), "gold": g, "said": s} for n, (g, s) in enumerate(rows)],
            output_config={"output_map": {"id": {"from": "id"}, name: {"from": name}}},
            graph_post_process=[
                {
                    "processor": "tasks.ours.measured.task_executor.Collect",
                    "params": {"aggregator_metrics_map": [entry]},
                }
            ],
        )

    return write


async def collected(project, task):
    ran, target = await project.run(task), project.root / "output.json"
    write_rows(ran.folder, target)
    (made,) = post_processed(
        task, project.read(task).post_process, target, Shim.AUTO, ran.counts["failed"]
    )
    return made, json.loads(made.path.read_text())[0]


async def test_a_summary_says_of_how_many_records_it_speaks(project, measured):
    rows = [("a", "a"), ("b", "x"), ("c", "break")]

    made, summary = await collected(project, measured(params={"key": "text"}, rows=rows))

    assert summary["results"] == {"exact_match-accuracy": {"accuracy": 0.5}}
    assert made.evaluated[0].told == "`exact_match`: 2 of 3 records evaluated (1 failed)"
    assert summary["evaluation_summary"]["records"]["exact_match"]["failed"] == 1


async def test_where_every_record_failed_there_is_no_number(project, measured):
    """P19: SyGra says accuracy 0.0, success."""
    made, summary = await collected(project, measured(rows=[("a", "break"), ("b", "break")]))

    assert summary["results"]["exact_match-accuracy"] == {"accuracy": None, "evaluated": 0}
    assert made.evaluated[0].told == "`exact_match`: 0 of 2 records evaluated (2 failed)"


async def test_a_task_has_metrics_of_its_own_while_it_runs(project, measured):
    _, summary = await collected(project, measured("shorter", rows=[("ab", "a"), ("a", "ab")]))

    assert summary["results"]["shorter-accuracy"] == {"accuracy": 0.5}
    assert not one.UnitMetricRegistry.has_metric("shorter")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "fuzzy_match"}, "there is no metric `fuzzy_match`"),
        ({"aggregate": "accurancy"}, "there is no metric `accurancy`"),
        ({"aggregate": "precision"}, "the metric `precision` cannot be made"),
        ({"name": "typed_value_match", "params": {"fuzzy_match_threshold": 2}}, "cannot be made"),
    ],
)
def test_a_metric_that_cannot_be_is_an_error_before_the_run(project, measured, changes, told):
    read = project.read(measured(rows=[("a", "a")], **changes))

    (found,) = read.errors
    assert (found.code, told in found.message) == ("sygra-no-metric", True)
    assert found.line > 1


async def test_the_side_file_says_which_metric_a_name_means(project, measured):
    """P19: `fuzzy_match` is in no SyGra, and a task of it asks for it."""
    task = measured("fuzzy_match", {"key": "x"}, rows=[("hello world", "hallo world"), ("a", "b")])
    (task.folder / "sygra_eval.yaml").write_text(
        "metrics: {fuzzy_match: {use: typed_value_match, params: {fuzzy_match_threshold: 0.9}}}"
    )

    _, summary = await collected(project, task)

    assert summary["results"] == {"fuzzy_match-accuracy": {"accuracy": 0.5}}
    assert not one.UnitMetricRegistry.has_metric("fuzzy_match")
