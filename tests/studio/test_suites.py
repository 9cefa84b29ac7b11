"""`/api/suites` and `/api/settings` over folders as people have them, and as nobody should."""

import json
import os
import time

import pytest

from sygra_eval.studio.looking import MOST_BYTES
from tests.report.run_by_hand import end_of, write_run
from tests.studio.served import served

FIT = """\
suite: {name: fit, description: Rows that exist}
data_config: {source: {type: disk, file_path: rows.jsonl}}
candidate: {text: "{answer}"}
quality: {validators: [{use: length, max: 10}]}
"""
WRONG = FIT.replace("name: fit", "name: wrong").replace("use: length", "use: lenght")


def cards(one, *, until=lambda found: True):
    """Ask until what is wrong with each suite is known; that follows the list."""
    for _ in range(200):
        found = {card["path"]: card for card in one.client.get("/api/suites").json()}
        if all(card["is_checked"] or not card["is_local"] for card in found.values()) and until(
            found
        ):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    root = tmp_path / "work"
    (root / "sub").mkdir(parents=True)
    for place in (root, root / "sub"):
        (place / "rows.jsonl").write_text(json.dumps({"answer": "yes"}) + "\n")
    (root / "fit.yaml").write_text(FIT)
    (root / "sub" / "wrong.yaml").write_text(WRONG)
    return root


def test_a_card_says_what_is_wrong_and_is_made_anew_when_the_file_changes(folder):
    with served(folder) as one:
        found = cards(one)
        assert {path: card["errors"] for path, card in found.items()} == {
            "fit.yaml": 0,
            "sub/wrong.yaml": 1,
        }

        (folder / "sub" / "wrong.yaml").write_text(WRONG.replace("lenght", "length") + "# right\n")
        (folder / "fit.yaml").unlink()

        assert {path: card["errors"] for path, card in cards(one).items()} == {"sub/wrong.yaml": 0}


def test_what_a_plugin_of_the_folder_may_know_is_no_problem_and_it_is_not_imported(folder):
    (folder / "sub" / "plugins").mkdir()
    (folder / "sub" / "plugins" / "mine.py").write_text("raise SystemExit('it ran in the server')")
    with served(folder) as one:
        assert cards(one)["sub/wrong.yaml"]["errors"] == 0


HOSTILE = (
    "suite: [1, 2\n",
    "suite: 7\nmodels: [a]\ngraph_config: x\n",
    "suite: {name: ../../../etc}\n",
    "suite: {name: .}\ndata_config: {source: []}\n",
    "suite: {name: a}\nmodels: &a [*a]\n",
    "suite: !!python/object/apply:os.system ['touch ran']\n",
    "suite: \x00\n",
    "suite: {name: a, description: [1]}\nmodels: {a: {api_key_env: LD_PRELOAD}}\n",
)


def test_broken_and_hostile_suites_are_cards_among_others(folder):
    for number, text in enumerate(HOSTILE):
        (folder / f"bad{number}.yaml").write_text(text)
    with served(folder) as one:
        found = cards(one)

        assert found["fit.yaml"]["errors"] == 0
        for number, text in enumerate(HOSTILE):
            bad = found[f"bad{number}.yaml"]
            assert bad["errors"] != 0, text
            assert bad["last_run"] is None, text
        assert one.client.get("/api/secrets").json()["secrets"] == []


def test_what_is_no_plain_file_is_not_opened(folder):
    """Whoever opens a pipe waits for its other end."""
    os.mkfifo(folder / "pipe.yaml")
    os.mkfifo(folder / "models.yaml")
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with served(folder) as one:
        assert set(cards(one)) == {"fit.yaml", "sub/wrong.yaml"}


def test_rows_beyond_this_disk_are_not_asked_for_to_list_a_suite(folder):
    source = "{type: http, url: 'http://127.0.0.1:1/rows.jsonl'}"
    (folder / "far.yaml").write_text(FIT.replace("{type: disk, file_path: rows.jsonl}", source))
    with served(folder) as one:
        far = cards(one)["far.yaml"]

        assert (far["is_local"], far["is_checked"], far["errors"]) == (False, False, None)


def test_a_card_has_the_figures_of_its_last_run(folder):
    place = folder / "reports" / "fit" / "20260101-000000"
    place.mkdir(parents=True)
    write_run(place, [end_of(0), end_of(1)])
    with served(folder) as one:
        run = cards(one)["fit.yaml"]["last_run"]

        assert (run["run"], run["outcomes"]["verified"]) == ("20260101-000000", 2)
        assert 0 < run["verified_rate"]["low"] < run["verified_rate"]["value"] == 1.0
        (place / "report.json").write_text('{"verified_rate": {"value": "x"}}')
        assert cards(one)["fit.yaml"]["last_run"]["verified_rate"]["value"] == 1.0
        assert one.client.get("/api/runs").json() == [cards(one)["fit.yaml"]["last_run"]]
        (place / "journal.db").write_bytes(b"no journal")
        assert cards(one)["fit.yaml"]["last_run"]["state"] == "unreadable"


def test_trust_is_for_what_was_shown_and_for_what_acts_here(folder):
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "mine.py").write_text("X = 1\n")
    (folder.parent / "elsewhere" / "plugins").mkdir(parents=True)
    with served(folder) as one:
        (shown,) = one.client.get("/api/settings").json()["plugins"]
        assert (shown["path"], shown["is_trusted"]) == (str(plugins), False)
        foreign = {"path": str(folder.parent / "elsewhere" / "plugins"), "content": "0"}
        assert one.client.post("/api/trust", json=foreign).status_code == 409

        (plugins / "mine.py").write_text("X = 2\n")
        old = {"path": shown["path"], "content": shown["content"]}
        assert one.client.post("/api/trust", json=old).status_code == 409
        assert not one.client.get("/api/settings").json()["plugins"][0]["is_trusted"]

        (shown,) = one.client.get("/api/settings").json()["plugins"]
        now = {"path": shown["path"], "content": shown["content"]}
        assert one.client.post("/api/trust", json=now).json()["plugins"][0]["is_trusted"]


def test_trust_of_the_command_line_is_trust_here(folder):
    from sygra_eval.plugins import remember_trust

    (folder / "plugins").mkdir()
    (folder / "plugins" / "mine.py").write_text("X = 1\n")
    remember_trust(folder)

    with served(folder) as one:
        assert one.client.get("/api/settings").json()["plugins"][0]["is_trusted"]


def test_an_asset_that_the_browser_has_is_not_sent_again(studio):
    first = studio.client.get("/assets/index.js")
    tag = {"if-none-match": first.headers["etag"]}

    again = studio.client.get("/assets/index.js", headers=tag)

    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    assert (again.status_code, again.content) == (304, b"")
    assert studio.client.get("/assets/index.css", headers=tag).status_code == 200
    assert len(studio.client.get("/api/version").json()["build"]) == 16
