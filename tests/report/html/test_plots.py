import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.report.html.plots import (
    Step,
    cost_plot,
    funnel_plot,
    latency_plot,
    scores_plot,
    steps_plot,
)
from sygra_eval.report.html.plots.svg import ticks

_SVG = "{http://www.w3.org/2000/svg}"


def _all():
    yield funnel_plot([("rows read", 20), ("drafted", 20), ("hidden tests pass", 5)])
    yield steps_plot("rounds", "round", [Step(number=1, gained=4, tokens=900)], 20)
    yield steps_plot("drafts", "draft", [Step(number=n, gained=n % 3) for n in range(1, 20)], 40)
    yield cost_plot([(1, 100.0, 0), (2, 250.0, 1), (3, 300.0, 2)], "tokens")
    yield latency_plot([("solve/draft", 30, 1.0, 2.0, 3.0), ("judge", 1, 0.1, 0.1, 0.1)])
    yield scores_plot({"unit_tests": [1, 0, 0, 2, 0, 0, 0, 0, 0, 7], "judge": [0] * 9 + [3]})


@pytest.mark.parametrize("plot", list(_all()), ids=lambda plot: plot.name)
def test_a_plot_says_what_it_is_to_who_does_not_see_it(plot):
    svg = ET.fromstring(plot.drawing)  # noqa: S314 - ours

    labels = svg.get("aria-labelledby").split()
    by_id = {element.get("id"): element for element in svg.iter() if element.get("id")}

    assert svg.get("role") == "img"
    assert [by_id[label].tag for label in labels] == [f"{_SVG}title", f"{_SVG}desc"]
    assert by_id[labels[1]].text == plot.told
    assert all(name.startswith(f"plot-{plot.name}-") for name in by_id)
    assert svg.findall(f"{_SVG}text")
    assert plot.figures.rows


@pytest.mark.parametrize("plot", list(_all()), ids=lambda plot: plot.name)
def test_a_plot_has_one_ink_and_two_decimals(plot):
    inks = set(re.findall(r'(?:fill|stroke)="([^"]*)"', plot.drawing))

    assert inks <= {"currentColor", "none", f"url(#plot-{plot.name}-hatch)"}
    assert not re.search(r"\d\.\d{3}", plot.drawing)
    assert "style=" not in plot.drawing


def test_what_has_no_figures_is_not_drawn():
    nothing = [
        funnel_plot([]),
        funnel_plot([("rows read", 0)]),
        steps_plot("rounds", "round", [], 20),
        steps_plot("rounds", "round", [Step(number=1, gained=0)], 0),
        cost_plot([], "tokens"),
        cost_plot([(1, 0.0, 0), (2, 0.0, 1)], "USD"),
        latency_plot([]),
        scores_plot({"judge": [0] * 10}),
    ]

    assert nothing == [None] * len(nothing)


def test_the_funnel_says_what_each_step_lost():
    plot = funnel_plot([("rows read", 20), ("visible tests pass", 9), ("hidden tests pass", 5)])

    assert [row[1:] for row in plot.figures.rows] == [
        ("20", "100.0", "0"),
        ("9", "45.0", "11"),
        ("5", "25.0", "4"),
    ]
    assert "hatched end" in plot.told


def test_a_round_has_its_interval_and_the_price_of_what_it_gained():
    steps = [Step(number=1, gained=9, tokens=9_000), Step(number=2, gained=3, tokens=6_000)]

    plot = steps_plot("rounds", "round", steps, 20)

    first, second = plot.figures.rows
    assert first[:4] == ("1", "9", "45.0", "25.8 – 65.8")
    assert second[:4] == ("2", "3", "60.0", "38.7 – 78.1")
    assert (first[-1], second[-1]) == ("1000 tokens", "2000 tokens")


def test_a_round_that_gained_nothing_has_no_price():
    plot = steps_plot("rounds", "round", [Step(number=1, gained=0, tokens=9_000)], 20)

    assert plot.figures.rows[0][-1] == "–"


def test_a_price_is_in_money_where_that_is_known():
    plot = steps_plot("rounds", "round", [Step(number=1, gained=4, tokens=9, usd=1.0)], 20)

    assert plot.figures.rows[0][-1] == "0.25 USD"


def test_a_name_cannot_leave_the_drawing():
    plot = latency_plot([("</text><script>1</script>\u202e", 1, 0.1, 0.2, 0.3)])

    assert "<script" not in plot.drawing
    assert "\\u202e" in plot.drawing


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_ticks_reach_the_top_in_few_steps(top):
    found = ticks(top)

    assert found[0] == 0
    assert found[-1] >= top * (1 - 1e-9)
    assert len(found) <= 7


@pytest.mark.parametrize("top", [1, 2, 3, 7, 10, 11, 23, 99, 1_000])
def test_an_axis_of_rows_names_no_part_of_a_row(top):
    found = ticks(top, least=1.0)

    assert all(tick.is_integer() for tick in found)
    assert found[-2] < top <= found[-1]
    assert len(found) <= 6
