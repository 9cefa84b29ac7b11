"""What calls came to: by model, by step and in all, and each figure is the sum of its parts."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sygra_eval.engine import SpentAt
from sygra_eval.journal import JournalledCall, Spent, together
from sygra_eval.report import json_report, markdown_report, terminal_report
from sygra_eval.report.costs import by_model, by_node
from sygra_eval.report.figures import short_count
from sygra_eval.values import CallSite, ChatResponse, Usage

COUNTED = [
    "calls", "calls_from_cache", "calls_batched", "calls_estimated", "calls_without_price",
    "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens",
]  # fmt: skip


def call(model="author", node="solve/draft", *, cost=1_000, is_batched=False, **changes):
    """Make a call of ten tokens and eight that cost a thousandth of a dollar."""
    usage = Usage(prompt_tokens=10, completion_tokens=8, **changes.pop("usage", {}))
    nano_usd = None if cost is None else cost * 1_000
    return JournalledCall(
        site=CallSite(record="r", node=node),
        model=model,
        response=ChatResponse(
            text="", finish_reason="stop", usage=usage, cost_nano_usd=nano_usd, **changes
        ),
        is_batched=is_batched,
    )


def from_cache(saved=20_000_000, **where):
    return call(cost=0, is_cached=True, saved_nano_usd=saved, **where)


def spent_of(*calls):
    parts = {}
    for one in calls:
        parts.setdefault((one.model, one.site.node), Spent()).take(one)
    return tuple(SpentAt(model=m, node=n, spent=part) for (m, n), part in parts.items())


@pytest.fixture
def page_of(summary_of):
    def page(*calls, **changes):
        return " ".join(terminal_report(summary_of(spent=spent_of(*calls), **changes)).split())

    return page


calls = st.builds(
    call,
    st.sampled_from(["author", "critic", ""]),
    st.sampled_from(["solve/draft", "solve/revise", "validator:judge/final"]),
    cost=st.none() | st.integers(0, 10**9),
    is_batched=st.booleans(),
    is_cached=st.booleans(),
    saved_nano_usd=st.none() | st.integers(0, 10**15),
    usage=st.fixed_dictionaries(
        {
            "is_estimated": st.booleans(),
            "cached_tokens": st.integers(0, 10),
            "reasoning_tokens": st.integers(0, 8),
        }
    ),
)


@settings(deadline=None, max_examples=50)
@given(made=st.lists(calls, min_size=1, max_size=12))
def test_models_and_steps_add_up_to_the_same_total(summary_of, made):
    summary = summary_of(spent=spent_of(*made))

    report = json.loads(json_report(summary))
    models, steps = report["spent_by_model"], report["spent_by_step"]
    for name in COUNTED:
        in_all = report["spent"][name]["value"]
        assert in_all == sum(part[name]["value"] for part in models)
        assert in_all == sum(part[name]["value"] for part in steps)
    usd = report["spent"]["known_usd"]["value"]
    assert usd == pytest.approx(sum(part["known_usd"]["value"] for part in models))
    assert usd == pytest.approx(sum(part["known_usd"]["value"] for part in steps))
    has_unknown = any(one.response.cost_nano_usd is None for one in made)
    assert (report["spent"]["cost_usd"]["value"] is None) == has_unknown
    page = terminal_report(summary)
    assert max(sum(map(cell_len, line)) for line in page.splitlines()) <= 80


def test_each_model_and_each_step_has_its_line_and_all_have_one(summary_of):
    summary = summary_of(
        spent=spent_of(call(), call(), call("critic", "solve/critique", cost=50_000))
    )

    models, steps = by_model(summary), by_node(summary)

    assert models.columns == ("model", "calls", "prompt", "answer", "USD")
    assert models.rows == (
        ("author", "2", "20", "16", "0.002"),
        ("critic", "1", "10", "8", "0.05"),
        ("all", "3", "30", "24", "0.05"),
    )
    assert [row[0] for row in steps.rows] == ["solve/critique", "solve/draft", "all"]


def test_what_nobody_knows_the_price_of_is_counted_apart_and_is_never_0(page_of, summary_of):
    page = page_of(call(), call("second", cost=None), call("second", cost=None))

    (author, second, whole) = by_model(
        summary_of(spent=spent_of(call(), call("second", cost=None)))
    ).rows
    assert (author[-2:], second[-2:], whole[-2:]) == (
        ("0", "0.001"),
        ("1", "–"),
        ("1", "≥ 0.001"),
    )
    assert "no price: of 2 calls nobody knows what they cost, so it is not 0" in page


def test_estimated_usage_is_flagged_where_it_counts(page_of, summary_of):
    made = (call(), call("second", usage={"is_estimated": True}))

    assert [row[0] for row in by_model(summary_of(spent=spent_of(*made))).rows] == [
        "author",
        "second~",
        "all~",
    ]
    assert "~ of 1 call the server counted no tokens: theirs are estimated" in page_of(*made)


def test_what_the_cache_saved_is_told_in_calls_tokens_and_money(page_of):
    page = page_of(call(), from_cache(), from_cache(saved=None))

    assert (
        "the cache answered 2 calls, which saved 36 tokens and 0.02 USD, and of 1 it is unknown"
    ) in page


def test_batches_are_told_apart(page_of):
    page = page_of(call(cost=20_000, is_batched=True), call())

    assert "1 call went through a batch API at its own price: 0.02 USD" in page
    assert "batch API" not in page_of(call())


def test_cached_and_thinking_tokens_have_columns_where_there_are_any(summary_of):
    usage = {"cached_tokens": 4, "reasoning_tokens": 3}

    table = by_model(summary_of(spent=spent_of(call(usage=usage))))

    assert table.columns == ("model", "calls", "prompt", "cached", "answer", "think", "USD")
    assert table.rows == (("author", "1", "10", "4", "8", "3", "0.001"),)


@pytest.mark.parametrize(
    ("usd", "words"),
    [(1.2, "cost of each verified row 0.10 USD"), (None, "cost of each verified row –")],
)
def test_a_verified_row_costs_what_was_spent_on_all_rows(page_of, usd, words):
    assert words in page_of(call(), cost_usd=usd)


def test_markdown_has_the_same_tables(summary_of):
    page = markdown_report(summary_of(spent=spent_of(call())))

    assert "## Cost by model" in page
    assert "## Cost by step" in page


def test_a_journal_that_does_not_say_who_was_asked_is_no_reason_to_break(page_of):
    assert "(not noted) 1 10 8" in page_of(call(model=""))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (99_999, "99999"),
        (100_000, "100 k"),
        (999_499, "999 k"),
        (1_234_567, "1.23 M"),
        (12_345_678, "12.3 M"),
        (1_999_999_999, "2.00 G"),
    ],
)
def test_counts_keep_three_figures(number, shown):
    assert short_count(number) == shown


def test_nothing_comes_to_nothing():
    assert together([]) == Spent()
