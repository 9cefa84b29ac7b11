from xml.etree import ElementTree

import pytest

from sygra_eval.quality import GateState
from sygra_eval.report import junit_view
from sygra_eval.report.junit_view import is_sampled, xml_text
from sygra_eval.values import Outcome
from tests.report.run_by_hand import end_of, gate_of, view_of, write_run


def parsed(text):
    return ElementTree.fromstring(text.encode())  # noqa: S314 - it is ours


def test_what_a_row_came_to_is_what_a_test_came_to(tmp_path):
    ends = [end_of(place, outcome) for place, outcome in enumerate(Outcome)]

    suite = parsed(view_of("junit", write_run(tmp_path / "run", ends)))[0]

    said = {case.get("name"): [child.tag for child in case] for case in suite.findall("testcase")}
    assert said == {
        "q0": ["properties"],
        "q1": ["properties", "failure"],
        "q2": ["properties", "error"],
        "q3": ["properties", "skipped"],
    }
    counts = {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 4, "failures": 1, "errors": 1, "skipped": 1}


def test_gates_are_a_second_suite_and_properties_come_first(tmp_path):
    gates = [gate_of(state) for state in GateState]

    rows, judged = parsed(view_of("junit", write_run(tmp_path / "run", [end_of(0)], gates=gates)))

    assert rows[0].tag == "properties"
    assert judged.get("name") == "by_hand gates"
    kinds = [[child.tag for child in case] for case in judged]
    assert kinds == [[], ["failure"], ["system-out"], ["skipped"], ["error"]]


def test_a_price_that_is_not_known_is_no_property(tmp_path):
    from tests.report.run_by_hand import call_of

    folder = write_run(tmp_path / "run", [end_of(0)], calls=[call_of("q0", cost_nano_usd=None)])

    names = {one.get("name") for one in parsed(view_of("junit", folder)).iter("property")}

    assert "tokens_in" in names
    assert "cost" not in names


def test_of_many_rows_all_failures_are_shown_and_the_counts_are_true(tmp_path, monkeypatch):
    monkeypatch.setattr(junit_view, "MOST_CASES", 10)
    monkeypatch.setattr(junit_view, "LEAST_PASSES", 3)
    bad = {3, 4, 17}
    ends = [end_of(n, Outcome.REJECTED if n in bad else Outcome.VERIFIED) for n in range(40)]

    suite = parsed(view_of("junit", write_run(tmp_path / "run", ends)))[0]

    shown = [case.get("name") for case in suite.findall("testcase")]
    assert len(shown) == 10
    assert {"q3", "q4", "q17"} <= set(shown)
    assert (suite.get("tests"), suite.get("failures")) == ("40", "3")
    told = {one.get("name"): one.get("value") for one in suite.find("properties")}
    assert told["passing_rows_left_out"] == "30"


@pytest.mark.parametrize(("of", "wanted"), [(37, 7), (37, 37), (5, 0), (1, 1), (100_000, 4_999)])
def test_a_sample_has_as_many_as_were_wanted(of, wanted):
    assert sum(is_sampled(number, of, wanted) for number in range(1, of + 1)) == wanted


def test_a_run_without_rows_and_one_that_goes_on_say_so(tmp_path):
    suite = parsed(view_of("junit", write_run(tmp_path / "run", [], ended="")))[0]

    told = {one.get("name"): one.get("value") for one in suite.find("properties")}
    assert suite.get("tests") == "0"
    assert told["state"] == "running"
    assert "still running" in told["note"]


def test_forbidden_and_unseen_characters_are_spelt_as_pytest_spells_them():
    assert xml_text("a\x1b[2J\x00\u202e\ufffe\ud800 ü日\n\t") == (
        "a#x1B[2J#x00#x202E#xFFFE#xD800 ü日\n\t"
    )
