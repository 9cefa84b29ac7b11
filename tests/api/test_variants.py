"""Suites of a program that have variants."""

import pytest

import sygra_eval
from sygra_eval.values import UsageError

SUITE = {
    "suite": {"name": "own"},
    "matrix": {"tail": {"good": "", "poor": " +"}},
    "candidate": {"code": "{answer}${matrix.tail}"},
    "quality": {"validators": [{"use": "python_compiles"}]},
    "cases": [{"id": "a", "answer": "x = 1"}],
}


def test_a_variant_is_named_and_run(tmp_path):
    ended = [
        sygra_eval.run(SUITE, variant=f"tail={name}", out=tmp_path, unsafe_no_sandbox=True)
        for name in ("good", "poor")
    ]

    assert [one.exit_code for one in ended] == [0, 1]
    assert "tail=poor" in ended[1].folder.name


def test_without_a_name_it_is_said_that_there_are_several(tmp_path):
    with pytest.raises(UsageError, match="has 2 variants; name one of them, as `tail=good`"):
        sygra_eval.run(SUITE, out=tmp_path, unsafe_no_sandbox=True)
