"""How often an interval for the total holds the truth: `python -m benchmarks.totals`.

For docs/decisions/0018: a few rows of 200 are known, the rows cost as each family says. Printed is
the share of trials in which the 95 % interval holds the total of all 200, and its median width as a
share of that total. Everything is seeded.
"""

import math
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sygra_eval.quality import t_quantile, total_of

ROWS, TRIALS, RESAMPLES = 200, 2_000, 400
Values = NDArray[np.float64]
Bounds = tuple[float, float]


def families(chance: np.random.Generator) -> dict[str, Callable[[int], Values]]:
    """Return how rows may cost, lightest tail first."""
    return {
        "most take all rounds": lambda k: chance.choice([2.0, 4.0, 5.0], k, p=[0.35, 0.3, 0.35]),
        "nearly alike": lambda k: np.abs(chance.normal(1, 0.2, k)),
        "log-normal 0.5": lambda k: chance.lognormal(0, 0.5, k),
        "loops of 1 to 4": lambda k: (
            np.minimum(chance.geometric(0.6, k), 4) * chance.lognormal(0, 0.4, k)
        ),
        "exponential": lambda k: chance.exponential(1, k),
        "log-normal 1": lambda k: chance.lognormal(0, 1, k),
        "30 % cost nothing": lambda k: (
            np.where(chance.random(k) < 0.3, 0.0, 1.0) * chance.lognormal(0, 0.7, k)
        ),
        "Pareto 2.5": lambda k: chance.pareto(2.5, k) + 1,
        "log-normal 1.5": lambda k: chance.lognormal(0, 1.5, k),
        "20 % cost 8 times": lambda k: (
            np.where(chance.random(k) < 0.2, 8.0, 1.0) * chance.lognormal(0, 0.3, k)
        ),
        "10 % cost 10 times": lambda k: (
            np.where(chance.random(k) < 0.1, 10.0, 1.0) * chance.lognormal(0, 0.3, k)
        ),
    }


def by_student(sample: Values, chance: np.random.Generator) -> Bounds:
    """Return what Student's t says."""
    del chance
    number, mean = len(sample), float(sample.mean())
    half = t_quantile(0.975, number - 1) * float(sample.std(ddof=1)) / math.sqrt(number)
    return _total(sample, mean - half, mean + half)


def by_cox(sample: Values, chance: np.random.Generator) -> Bounds:
    """Return Cox's interval of a log-normal mean (t quantiles, Olsson 2005), about the sample's."""
    above = sample[sample > 0]
    if len(above) < 2:
        return by_student(sample, chance)
    number, spread = len(above), float(np.log(above).var(ddof=1))
    share = number / len(sample)
    error = math.sqrt(spread / number + spread**2 / (2 * (number - 1)) + (1 - share) / number)
    factor = math.exp(t_quantile(0.975, number - 1) * error)
    return _total(sample, float(sample.mean()) / factor, float(sample.mean()) * factor)


def by_bootstrap(sample: Values, chance: np.random.Generator) -> Bounds:
    """Return what the studentised bootstrap says."""
    number, mean, spread = len(sample), float(sample.mean()), float(sample.std(ddof=1))
    drawn = chance.choice(sample, (RESAMPLES, number))
    spreads = drawn.std(axis=1, ddof=1)
    usable = spreads > 1e-12
    if usable.sum() < RESAMPLES // 8:
        return _total(sample, mean, mean)
    studentised = (drawn.mean(axis=1)[usable] - mean) / spreads[usable]
    low, high = np.quantile(studentised, [0.025, 0.975])
    return _total(sample, mean - float(high) * spread, mean - float(low) * spread)


def by_ours(sample: Values, chance: np.random.Generator) -> Bounds:
    """Return what `quality.total_of` says: Hall's transformation, twice."""
    del chance
    interval = total_of(sample.tolist(), ROWS)
    assert interval is not None, "three rows are enough"  # noqa: S101
    return interval.low, interval.high


METHODS = {
    "Student": by_student,
    "Cox": by_cox,
    "bootstrap": by_bootstrap,
    "ours": by_ours,
}


def main() -> None:
    """Print a table for each number of known rows."""
    for known in (3, 5, 10, 20):
        heads = "".join(f"{name:>16}" for name in METHODS)
        sys.stdout.write(f"{known} of {ROWS} rows known{heads}\n")
        chance = np.random.default_rng(20261125)
        for family, draw in families(chance).items():
            cells = "".join(f"{held:>9.2f} /{wide:>5.2f}" for held, wide in _tried(draw, known))
            sys.stdout.write(f"{family:22}{cells}\n")


def _tried(draw: Callable[[int], Values], known: int) -> list[tuple[float, float]]:
    """Return of each method how often it holds the truth, and how wide it is."""
    chance = np.random.default_rng(7)
    held = dict.fromkeys(METHODS, 0)
    widths: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(TRIALS):
        rows = draw(ROWS)
        truth = float(rows.sum())
        for name, interval_of in METHODS.items():
            low, high = interval_of(rows[:known], chance)
            held[name] += low - 1e-9 <= truth <= high + 1e-9
            widths[name].append((high - low) / truth)
    return [(held[name] / TRIALS, float(np.median(widths[name]))) for name in METHODS]


def _total(sample: Values, low: float, high: float) -> Bounds:
    """Take the bounds of a mean to those of a total of which the sample is a part."""
    number, mean = len(sample), float(sample.mean())
    scale = math.sqrt(ROWS * (ROWS - number))
    known, middle = float(sample.sum()), mean * ROWS
    return max(known, middle - (mean - low) * scale), middle + (high - mean) * scale


if __name__ == "__main__":
    main()
