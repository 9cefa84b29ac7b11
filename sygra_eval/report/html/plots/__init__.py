"""Plots as SVG of our own: real text, one ink, patterns and labels, and the figures as a table.

Each plot is a pure function of numbers and returns a `Plot`, or None where there is nothing to
draw. `svg` has the pieces; `shown` puts a plot and its table on a page.
"""

from sygra_eval.report.html.plots.cost import cost_plot
from sygra_eval.report.html.plots.funnel import funnel_plot
from sygra_eval.report.html.plots.latency import Percentiles, latency_plot
from sygra_eval.report.html.plots.scores import scores_plot
from sygra_eval.report.html.plots.steps import Step, steps_plot
from sygra_eval.report.html.plots.svg import Plot, shown

__all__ = [
    "Percentiles",
    "Plot",
    "Step",
    "cost_plot",
    "funnel_plot",
    "latency_plot",
    "scores_plot",
    "shown",
    "steps_plot",
]
