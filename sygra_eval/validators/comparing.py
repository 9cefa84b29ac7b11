"""Compares two values of plain data."""

import math
from typing import Literal


def are_equal(
    got: object, expected: object, *, tolerance: float = 0.0, types: Literal["python", "exact"]
) -> bool:
    """Whether two values are equal.

    :param tolerance: How far numbers may be apart where one is a float; of two large floats, the
        same part of them, at most 1e-9.
    :param types: `python` takes 2, 2.0 and (for 1) True for equal, as `==` does.
    """
    if types == "exact" and type(got) is not type(expected):
        return False
    if isinstance(got, float | int) and isinstance(expected, float | int):
        return are_near(got, expected, tolerance)
    if type(got) is not type(expected):
        return got == expected  # sets and frozen sets may be; nothing of either is nested
    if isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        return len(got) == len(expected) and all(
            are_equal(one, other, tolerance=tolerance, types=types)
            for one, other in zip(got, expected, strict=True)
        )
    if isinstance(got, dict) and isinstance(expected, dict):
        if types == "exact" and list(map(repr, got)) != list(map(repr, expected)):
            return False
        return got.keys() == expected.keys() and all(
            are_equal(held, expected[key], tolerance=tolerance, types=types)
            for key, held in got.items()
        )
    return got == expected


def are_near(got: float, expected: float, tolerance: float) -> bool:
    """Whether two numbers are equal, both no number, or near enough where one is a float."""
    if got == expected:
        return True
    if not isinstance(got, float) and not isinstance(expected, float):
        return False
    try:
        if math.isnan(got) and math.isnan(expected):
            return True
        if isinstance(got, float) and isinstance(expected, float):
            return math.isclose(got, expected, rel_tol=min(tolerance, 1e-9), abs_tol=tolerance)
        return abs(got - expected) <= tolerance
    except OverflowError:
        return False
