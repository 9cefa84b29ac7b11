"""Aggregates of a run with their uncertainty; every rate goes with an interval."""

from sygra_eval.quality.intervals import Interval, wilson

__all__ = ["Interval", "wilson"]
