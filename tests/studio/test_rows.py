"""Rows of a real run over the API: pages, facets, search, one row's story, marks."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.studio.rounds_run import HOSTILE, ROWS, RUN, SUITE
from tests.studio.served import served

HERE = f"/api/runs/{SUITE}/{RUN}"


@pytest.fixture(scope="module")
def folder(rounds_workspace, tmp_path_factory):
    here = tmp_path_factory.mktemp("rows") / "here"
    shutil.copytree(rounds_workspace, here)
    return here / "reports" / SUITE / RUN


@pytest.fixture(scope="module")
def one(folder):
    with pytest.MonkeyPatch.context() as patch, served(folder.parents[2]) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


@pytest.fixture
def ask(one):
    def asked(path, **query):
        answer = one.client.get(f"{HERE}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


@pytest.fixture
def story(ask):
    return lambda name: ask("row", row=f"q/{name}")


@pytest.fixture
def counts(ask):
    def counted(facet, **query):
        facets = {one["facet"]: one["values"] for one in ask("facets", **query)}
        return {one["value"]: one["count"] for one in facets[facet]}

    return counted


@pytest.fixture
def mark(one):
    def add(name, kind, text="", **more):
        body = {"row": f"q/{name}", "kind": kind, "text": text, "author": "ada", **more}
        return one.client.post(f"{HERE}/marks", json=body)

    return add


def names(page):
    return [row["row"].removeprefix("q/") for row in page["rows"]]


def test_a_page_has_the_rows_in_the_order_of_the_source_with_their_figures(ask):
    page = ask("rows")

    assert names(page) == list(ROWS)
    assert (page["total"], page["read"], page["ended"], page["damaged"]) == (5, 5, 5, 0)
    repaired = page["rows"][1]
    assert (repaired["outcome"], repaired["rounds"], repaired["calls"]) == ("verified", 2, 4)
    assert repaired["models"] == ["author", "critic"]
    assert repaired["cost_usd"] > 0
    assert repaired["mark"] is None


def test_filters_hold_together_and_their_values_are_alternatives(ask):
    assert names(ask("rows", outcome="rejected")) == ["hopeless", "long"]
    assert names(ask("rows", outcome="verified", rounds="2")) == ["repaired", "eager"]
    assert names(ask("rows", rounds=["1", "2"])) == ["right", "repaired", "eager"]
    assert names(ask("rows", refused="yes")) == ["eager"]
    assert names(ask("rows", fails="unit_tests", test="assert f(2) == 3")) == ["hopeless", "long"]
    assert names(ask("rows", outcome="nothing of that name")) == []


def test_a_facet_counts_its_other_values_too_and_all_others_under_its_filter(counts):
    assert counts("outcome") == {"verified": 3, "rejected": 2}
    assert counts("outcome", outcome="rejected") == {"verified": 3, "rejected": 2}
    assert counts("rounds", outcome="rejected") == {"3": 2}
    assert counts("fails", rounds="1") == {}
    assert counts("model", refused="yes") == {"author": 1, "critic": 1}


def test_every_count_of_a_facet_is_how_many_rows_its_filter_leaves(ask):
    for facet in ask("facets"):
        for value in facet["values"]:
            left = ask("rows", **{facet["facet"]: value["value"]})["total"]
            assert left == value["count"], (facet["facet"], value)


def test_search_looks_into_texts_and_code_whatever_the_case_and_says_where(ask):
    page = ask("rows", q="RETURN X + STEP")

    assert names(page) == ["right", "repaired", "eager"]
    assert page["rows"][0]["match"][1] == "return x + step"
    assert names(ask("rows", q="repaired: write")) == ["repaired"]
    assert names(ask("rows", q="100%_of it's")) == []


def test_rows_are_sorted_both_ways_and_a_row_is_found_in_the_order(ask):
    dearest = names(ask("rows", sort="-cost"))

    assert dearest[0] == "long"
    assert names(ask("rows", sort="cost")) == dearest[::-1]
    assert ask("rows", sort="-cost", around="q/right", most=1)["at"] == dearest.index("right")


def test_variables_of_the_rows_are_columns_when_they_are_asked_for(ask):
    page = ask("rows", column=["topic", "visible", "nowhere"], most=1)

    values = page["rows"][0]["values"]
    assert (values["topic"], values["nowhere"]) == ("sums", None)
    assert json.loads(values["visible"])[0] == "assert f(1) == 2"
    assert {"topic", "question", "answer"} <= set(page["columns"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"most": 201}, 422),
        ({"at": -1}, 422),
        ({"sort": "idx; DROP TABLE row"}, 409),
        ({"q": "x" * 1001}, 422),
        ({"outcome": ["x"] * 51}, 409),
    ],
)
def test_what_no_page_can_be_is_refused_with_its_reason(one, query, status):
    answer = one.client.get(f"{HERE}/rows", params=query)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_row_that_was_repaired_tells_which_tests_flipped_and_what_asked_for_it(story):
    record = story("repaired")

    first, second = record["rounds"]
    attempt = second["attempts"][second["shown"]]
    assert attempt["fixed"] == [
        "unit_tests: assert f(1) == 2",
        "unit_tests: assert f(2) == 3",
        "unit_tests: assert f(-1) == 0",
    ]
    assert (second["against"], attempt["broken"]) == (0, [])
    assert first["critique"]["is_ignored"] is False
    assert second["critique"]["sentinel"] == "granted"
    assert record["loop"]["kept_round"] == 2


def test_a_verdict_brings_what_proves_it(story):
    (failed,) = [
        verdict
        for verdict in story("repaired")["rounds"][0]["attempts"][0]["verdicts"]
        if verdict["status"] == "fail"
    ]

    assert failed["command"][0] == "python"
    assert failed["exit_code"] == 0
    assert failed["isolation"]
    assert failed["cases"][0]["test"]["text"] == "assert f(1) == 2"
    assert failed["tests"] == [{"group": "visible", "passed": 0, "total": 3}]


def test_a_refused_sentinel_and_an_ignored_critique_are_told(story):
    eager, hopeless = story("eager"), story("hopeless")

    assert eager["rounds"][0]["critique"]["sentinel"] == "refused"
    assert "wanted to stop once while the checks disagreed" in eager["why"]
    assert hopeless["rounds"][0]["critique"]["is_ignored"] is True


def test_calls_stand_on_a_time_axis_in_their_order(story):
    record = story("repaired")

    calls = record["calls"]
    assert [call["step"] for call in calls] == ["draft", "critique", "revise", "critique"]
    assert all(0 <= call["began"] <= call["ended"] <= record["ended_s"] + 0.01 for call in calls)
    assert record["rounds"][0]["attempts"][0]["call"] == calls[0]["number"]
    assert record["rounds"][0]["checked_s"] >= 0


def test_the_state_shows_what_came_in_and_what_each_node_set(story):
    record = story("repaired")

    assert [one["name"] for one in record["input"]][:2] == ["id", "question"]
    assert [step["node"] for step in record["states"]] == ["solve"]
    assert record["states"][0]["set"][0]["name"] == "answer"
    assert {guard["name"] for guard in record["guards"]} == {"secrets"}


def test_a_prompt_is_made_again_and_proven_by_the_hash_in_the_journal(ask, story):
    for call in story("eager")["calls"]:
        told = ask(f"calls/{call['number']}")

        assert told["is_proven"], told["prompt_is"]
        assert "eager" in told["messages"][-1]["content"]["text"]
        assert json.loads(told["request"]["text"])["model"] == "scripted"
        assert told["curl"].startswith("curl http://127.0.0.1:")
        compile(told["test"], "test_it.py", "exec")


def test_a_prompt_that_cannot_be_proven_is_not_called_what_was_sent(one, ask, story, folder):
    number = story("right")["calls"][0]["number"]
    suite = folder / "suite.yaml"
    was = suite.read_text()
    suite.write_text(was.replace("draft {question}", "sketch {question}"))
    try:
        told = ask(f"calls/{number}")
    finally:
        suite.write_text(was)

    assert (told["is_proven"], told["messages"]) == (False, [])
    assert "not the suite" in told["prompt_is"]


def test_a_long_text_is_cut_with_its_length_and_its_pieces_are_the_whole(one, ask, story):
    answer = story("long")["rounds"][1]["attempts"][0]["answer"]

    assert (len(answer["text"]), answer["length"] > 100_000) == (20_000, True)
    assert HOSTILE in answer["text"]
    piece = ask("text", row="q/long", of=answer["of"], start=19_000)
    assert piece["text"][:1000] == answer["text"][19_000:]
    file = one.client.get(f"{HERE}/text/file", params={"row": "q/long", "of": answer["of"]})
    assert len(file.text) == answer["length"]
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "row?row=q/nobody",
        "text?row=q/long&of=../../suite.yaml",
        "text?row=q/long&of=calls/999999/answer",
        "calls/999999",
    ],
)
def test_what_is_not_there_is_said_so(one, path):
    answer = one.client.get(f"{HERE}/{path}")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


def test_the_last_mark_of_a_row_wins_and_undo_takes_it_back(ask, mark, counts, folder):
    mark("right", "accept")
    mark("right", "reject")
    assert mark("right", "note", "odd <b>name</b>").json()["shown"] == "reject"
    assert counts("mark") == {"reject": 1, "none": 4}
    assert names(ask("rows", mark="reject")) == ["right"]

    mark("right", "undo")
    mark("right", "undo")
    assert ask("marks", row="q/right")[0]["shown"] == "accept"
    mark("right", "undo")

    assert ask("marks") == []
    assert counts("mark") == {"none": 5}
    lines = [json.loads(line) for line in (folder / "marks.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["accept", "reject", "note", "undo", "undo", "undo"]
    assert {line["author"] for line in lines} == {"ada"}


def test_a_line_that_was_cut_by_a_kill_costs_no_other_mark(ask, mark, folder):
    mark("eager", "accept")
    with (folder / "marks.jsonl").open("a") as file:
        file.write('{"at": "2026", "row": "q/eager", "ki')

    mark("eager", "label", "hard")

    kinds = [line["kind"] for line in ask("marks", row="q/eager")[0]["lines"]]
    assert kinds == ["accept", "label"]


def test_tabs_that_mark_at_once_lose_nothing(ask, mark):
    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(lambda n: mark("repaired", "note", f"note {n}"), range(24)))

    assert {answer.status_code for answer in answers} == {200}
    lines = ask("marks", row="q/repaired")[0]["lines"]
    assert sorted(line["text"] for line in lines) == sorted(f"note {n}" for n in range(24))


@pytest.mark.parametrize(
    ("kind", "text", "status"),
    [
        ("fix", " ", 409),
        ("accept", "why", 409),
        ("praise", "", 422),
        ("note", "x" * 1_000_001, 422),
    ],
)
def test_what_is_no_mark_is_refused(mark, kind, text, status):
    assert mark("right", kind, text).status_code == status


def test_no_mark_is_put_on_a_row_that_is_not_there(mark):
    assert mark("nobody", "accept").status_code == 404


def test_nothing_but_marks_is_written_into_a_finished_run(ask, story, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}

    ask("rows", q="step")
    story("repaired")

    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_run_that_is_removed_under_the_page_is_said_to_be_gone(one, folder, tmp_path):
    copy = folder.with_name("gone")
    shutil.copytree(folder, copy)
    there = HERE.replace(RUN, "gone")
    assert one.client.get(f"{there}/rows").json()["total"] == 5

    shutil.rmtree(copy)

    for path in ("rows", "facets", "row?row=q/right", "marks"):
        answer = one.client.get(f"{there}/{path}")
        assert answer.status_code == 404
        assert "may have been removed" in answer.json()["error"]["message"]
