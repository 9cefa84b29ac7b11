"""Rows of a table are run again: exactly these, by their ids, whatever these hold."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from sygra_eval.engine import RunOptions, ids_asked_of, run_suite
from tests.studio.live.conftest import until
from tests.studio.served import served
from tests.studio.test_rows_pages import no_barriers, shot

__all__ = ["shot"]
ODD = ["q/1 a&b=c", 'say "so"', "two\nlines", "'; rm -rf /"]
SUITE = """suite: {name: judged}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {code: "{code}"}
quality: {validators: [{use: python_compiles}]}
sandbox: {isolation: none, i_accept_the_risk: true}
"""


def write_rows(folder, ids):
    rows = [{"id": one, "code": "x = 1" if at % 2 else "x ="} for at, one in enumerate(ids)]
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A run of five rows; of these one has left the source since then."""
    folder = tmp_path_factory.mktemp("again") / "here"
    folder.mkdir()
    write_rows(folder, [*ODD, "gone"])
    (folder / "judged.yaml").write_text(SUITE)
    options = RunOptions(out=folder / "reports", name="first")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run_suite(folder / "judged.yaml", options))).result()
    write_rows(folder, ODD)
    with pytest.MonkeyPatch.context() as patch, served(folder) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


def ended(one, name):
    folder = one.workspace.reports / "judged" / name
    until(lambda: (folder / "manifest.json").is_file())
    return folder


def start(one, **asked):
    body = {"suite": "judged.yaml", "rows": "ids", "of_run": "judged/first", **asked}
    return one.client.post("/api/runs", json=body)


def test_ticked_rows_are_run_again_from_the_table(one, open_page, shot):
    page = open_page(one, "#/runs/judged/first/rows")
    for row in ODD[1:3]:
        page.get_by_role("row").filter(has_text=row.split("\n")[0]).get_by_role("checkbox").check()
    page.get_by_role("region", name="Selection").get_by_role("button", name="Run these").click()
    dialog = page.get_by_role("dialog", name="Run 2 rows again")
    dialog.get_by_text(ODD[1]).wait_for()
    shot(page, "run-again-light")
    no_barriers(page)

    dialog.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/judged/2*")

    name = page.url.rpartition("/")[2]
    assert ids_asked_of(ended(one, name)) == tuple(ODD[1:3])
    told = one.client.get(f"/api/runs/judged/{name}").json()
    assert sum(told["counts"]["outcomes"].values()) == 2
    asked_for = """say "so"\n"two\\nlines"\n"""
    assert told["command"] == f"sygra-eval run judged.yaml --rows - <<'IDS'\n{asked_for}IDS"


def test_all_rows_of_a_view_are_run_again_and_those_that_are_gone_are_named(one):
    said = start(one, view="outcome=rejected").json()

    folder = ended(one, said["run"])
    assert ids_asked_of(folder) == (ODD[0], ODD[2], "gone")
    assert (
        "1 of 3 ids that were asked for are no row's: 'gone'"
        in (json.loads((folder / "report.json").read_text())["warnings"])
    )
    told = one.client.get(f"/api/runs/judged/{said['run']}").json()
    assert told["warnings"] == ["1 of 3 ids that were asked for are no row's: 'gone'"]
    assert said["command"].endswith('"two\\nlines"\ngone\nIDS')


def test_what_cannot_be_run_again_is_refused(one):
    assert start(one, view="nothing=here&outcome=failed").status_code == 409
    assert start(one, of_run="judged/none").status_code == 404
    assert start(one, of_run="", ids=[]).status_code == 409
    assert start(one, ids=[""]).status_code == 422
