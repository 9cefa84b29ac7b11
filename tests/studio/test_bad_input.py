"""What goes wrong under an open page is said in a sentence, and nothing that was kept is lost."""

import contextlib
import json
import resource
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.studio.rounds_run import RUN, SUITE
from tests.studio.served import served

HERE = f"/api/runs/{SUITE}/{RUN}"


@pytest.fixture(scope="module")
def one(rounds_workspace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad") / "here"
    shutil.copytree(rounds_workspace, folder)
    with pytest.MonkeyPatch.context() as patch, served(folder) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


@pytest.fixture
def copied(one):
    """Copy the run under another name; return the copy."""

    def copy(name):
        folder = one.workspace.run(SUITE, RUN)
        return shutil.copytree(folder, folder.with_name(name))

    return copy


@contextlib.contextmanager
def no_room(beyond):
    """Let no file of this process grow beyond so many bytes."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def mark(one, text):
    body = {"row": "q/right", "kind": "note", "text": text, "author": "ada"}
    return one.client.post(f"{HERE}/marks", json=body)


def test_a_run_that_is_removed_under_its_pages_is_said_to_be_gone(one, copied, open_page):
    folder, gone = copied("under"), ("status of 404",)
    at = f"#/runs/{SUITE}/under"
    run = open_page(one, at, allowed_errors=gone)
    rows = open_page(one, f"{at}/rows", allowed_errors=gone)
    record = open_page(one, f"{at}/row?id=q/right", allowed_errors=gone)
    run.locator(".state-finished").wait_for()
    rows.get_by_text("5 rows", exact=True).wait_for()
    record.get_by_role("region", name="Code of round 1").wait_for()

    shutil.rmtree(folder)

    run.get_by_text("The folder of this run was removed").wait_for()
    rows.get_by_label("rejected").click()
    rows.get_by_role("alert").get_by_text("may have been removed").first.wait_for()
    record.keyboard.press("a")
    record.get_by_role("alert").get_by_text("may have been removed").first.wait_for()
    record.reload()
    record.get_by_role("alert").get_by_text("may have been removed").first.wait_for()


def test_a_damaged_row_is_told_and_the_others_are_shown(one, copied, open_page):
    folder = copied("damaged")
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        journal.execute("UPDATE outcome SET reason = 'another' WHERE idx = 0")
        journal.commit()

    page = open_page(one, f"#/runs/{SUITE}/damaged/rows")
    page.get_by_text("1 row is damaged in the journal").wait_for()
    page.get_by_text("4 rows", exact=True).wait_for()
    page.goto(f"{one.url}/#/runs/{SUITE}/damaged")
    page.locator(".state-finished").wait_for()
    page.get_by_text("damaged").first.wait_for()


def test_two_tabs_that_mark_a_row_lose_nothing_and_the_later_one_holds(one, open_page):
    at = f"#/runs/{SUITE}/{RUN}/row?id=q/hopeless"
    tabs = [open_page(one, at) for _ in range(2)]
    for tab in tabs:
        tab.get_by_role("region", name="Code of round 3").wait_for()

    tabs[0].keyboard.press("a")
    tabs[0].get_by_role("list", name="Marks").get_by_text("✓ accepted").wait_for()
    tabs[1].keyboard.press("r")
    tabs[1].get_by_role("list", name="Marks").get_by_text("✗ rejected").wait_for()

    (told,) = one.client.get(f"{HERE}/marks", params={"row": "q/hopeless"}).json()
    assert [line["kind"] for line in told["lines"]] == ["accept", "reject"]


def test_a_mark_for_which_there_is_no_room_is_refused_and_costs_no_other(one):
    assert mark(one, "kept").status_code == 200
    path = one.workspace.run(SUITE, RUN) / "marks.jsonl"
    before = path.read_bytes()

    with no_room(len(before) + 20):
        refused = mark(one, "x" * 1_000)

    assert refused.status_code == 409
    assert "the mark is not kept" in refused.json()["error"]["message"]
    assert path.read_bytes() == before
    assert mark(one, "after").status_code == 200
    assert json.loads(path.read_bytes()[len(before) :])["text"] == "after"


def test_a_mark_of_which_the_disk_says_late_that_it_has_no_room_is_not_kept(one, monkeypatch):
    path = one.workspace.run(SUITE, RUN) / "marks.jsonl"
    before = path.read_bytes() if path.exists() else b""

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sygra_eval.studio.rows.marks.os.fsync", full)
        refused = mark(one, "late")

    assert (refused.status_code, path.read_bytes()) == (409, before)


def test_a_mark_is_kept_though_the_table_has_no_room_for_it(one, monkeypatch):
    class Full:
        def execute(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

    opened = one.app.state.studio.indexes.of(one.workspace.run(SUITE, RUN))
    monkeypatch.setattr(opened.index, "_reader", Full())

    answered = mark(one, "kept all the same")

    assert answered.status_code == 200, answered.text
    assert answered.json()["lines"][-1]["text"] == "kept all the same"


def test_a_model_for_which_there_is_no_room_is_refused_and_the_file_stays(one):
    path = one.workspace.root / "models.yaml"
    path.write_text("small: {use: embedded}\n")
    before = path.read_bytes()
    seen = one.client.get("/api/models").json()["sha256"]
    entry = {"use": "vllm", "base_url": "http://127.0.0.1:1/v1", "model": "m"}

    with no_room(10):
        refused = one.client.put(
            "/api/models/new", json={"entry": entry}, headers={"if-match": f'"{seen}"'}
        )

    assert refused.status_code == 409
    assert "models.yaml cannot be written" in refused.json()["error"]["message"]
    assert path.read_bytes() == before
    assert list(one.workspace.root.glob(".models*")) == []


def test_a_suite_of_a_later_version_is_shown_with_what_this_one_does_not_know(one, open_page):
    suite = (one.workspace.root / f"{SUITE}.yaml").read_text()
    (one.workspace.root / "later.yaml").write_text(f"version: 99\n{suite}")
    page = open_page(one, "#/suites/later.yaml")

    page.get_by_text("unknown key version").first.wait_for()
