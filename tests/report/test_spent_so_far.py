"""What a line of progress says of money."""

import pytest

from sygra_eval.engine import SpentSoFar
from sygra_eval.report import spent_words
from sygra_eval.values import Budget


def spent(budget=None, **changes):
    figures = {
        "usd": 0.5,
        "tokens": 12_345,
        "calls": 10,
        "unpriced": 0,
        "usd_a_minute": 0.25,
        "all_usd": 2.0,
        "all_tokens": 123_456,
        "budget": Budget(**(budget or {})),
    }
    return SpentSoFar(**(figures | changes))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (spent(), "0.5 USD, 0.25 USD a minute, about 2.00 USD for all"),
        (spent({"usd": 5}), "0.5 USD, 0.25 USD a minute, about 2.00 USD for all of 5 USD"),
        (spent(all_usd=None, all_tokens=None), "0.5 USD, 0.25 USD a minute"),
        (spent(usd=0.0, unpriced=10), "cost unknown · 12345 tokens, about 123 k for all"),
        (
            spent(usd=0.5, unpriced=3),
            "0.5 USD and cost unknown · 12345 tokens, about 123 k for all",
        ),
        (spent(usd=0.0), ""),
        (spent({"calls": 40}, usd=0.0), "10 of 40 calls"),
        (
            spent({"tokens": 10**6}, usd=0.0),
            "12345 tokens, about 123 k for all of 1.00 M",
        ),
        (spent(usd=0.0, calls=0, tokens=0), ""),
    ],
)
def test_what_is_spent_and_what_all_rows_will_come_to(given, words):
    assert spent_words(given) == words
