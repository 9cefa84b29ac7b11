import json

from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.report import json_report
from sygra_eval.values import Outcome, StopReason


def values(section):
    return {key: figure["value"] for key, figure in section.items()}


def test_the_figures_are_those_of_the_summary_and_add_up(summary_of):
    report = json.loads(json_report(summary_of(not_reached=3)))

    assert report["schema_version"] == 2
    outcomes = values(report["outcomes"])
    assert outcomes == {"verified": 12, "rejected": 7, "failed": 1, "unjudged": 0}
    all_rows = report["rows"]["value"]
    assert all_rows == sum(outcomes.values()) + report["not_reached"]["value"] == 23
    assert report["verified_rate"]["value"] == 0.6
    assert values(report["stop_reasons"]["verified"]) == {"max_rounds": 4, "sentinel": 8}
    assert [(one["round"], one["ended"]["value"]) for one in report["rounds"]] == [
        (1, 6),
        (2, 5),
        (4, 8),
    ]


def test_what_is_unknown_is_null_and_says_why(summary_of):
    nothing = dict.fromkeys(Outcome, 0)

    report = json.loads(json_report(summary_of(counts=nothing, cost_usd=None)))

    assert report["verified_rate"]["value"] is None
    assert report["verified_rate"]["reason"] == "no row has ended"
    assert report["usd_per_verified_row"]["reason"] == "the price of a call is not known"
    assert report["mutation_score"] is None


def test_the_order_of_keys_depends_on_no_mapping(summary_of):
    stops = {
        Outcome.VERIFIED: {StopReason.SENTINEL: 8, StopReason.MAX_ROUNDS: 4},
        Outcome.REJECTED: {StopReason.MAX_ROUNDS: 7},
    }
    turned = {
        outcome: dict(reversed(reasons.items())) for outcome, reasons in reversed(stops.items())
    }

    one = json_report(summary_of(stop_reasons=stops, rounds={1: 20, 10: 1, 2: 3}))
    other = json_report(summary_of(stop_reasons=turned, rounds={2: 3, 1: 20, 10: 1}))

    assert one == other


@settings(deadline=None)
@given(st.text(st.characters()))
def test_any_text_comes_back_as_it_was_from_a_file_of_plain_ascii(summary_of, text):
    written = json_report(summary_of(suite=text, repaired=(text,), warnings=(text,)))

    report = json.loads(written)
    assert written.isascii()
    assert "\x1b" not in written
    assert (report["suite"], report["repaired"], report["warnings"]) == (text, [text], [text])
