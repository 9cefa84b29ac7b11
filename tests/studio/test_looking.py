"""A folder that holds more than suites is looked through so far as is cheap, and that is said."""

import pytest

from sygra_eval.studio import looking
from sygra_eval.studio.looking import look_through
from tests.studio.served import served

SUITE = "suite: {name: NAME}\ndata_config: {source: {type: disk, file_path: rows.jsonl}}\n"


def names(folder):
    return [path.relative_to(folder).as_posix() for path in look_through(folder, folder).files]


def test_near_folders_come_first_and_no_environment_link_or_hidden_folder_is_entered(tmp_path):
    for name in ("a/deep/s.yaml", "b.yaml", "env/lib/x.yaml", ".git/y.yaml", "1/2/3/4/5/z.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")

    assert names(tmp_path) == ["b.yaml", "a/deep/s.yaml"]
    assert look_through(tmp_path, tmp_path).left_out == ""


@pytest.mark.parametrize("bound", ["MOST_FOLDERS", "MOST_FILES", "MOST_ENTRIES"])
def test_what_is_not_looked_at_is_told_by_the_list_of_suites(tmp_path, monkeypatch, bound):
    for number in range(4):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "s.yaml").write_text(SUITE.replace("NAME", f"n{number}"))
    with served(tmp_path) as studio:
        assert len(studio.client.get("/api/suites").json()) == 4
        assert studio.client.get("/api/folder").json() == {"left_out": ""}
        monkeypatch.setattr(looking, bound, 3)

        shown = studio.client.get("/api/suites").json()

        assert len(shown) < 4
        assert (
            "folder that holds your suites" in studio.client.get("/api/folder").json()["left_out"]
        )
        told = studio.client.get("/api/models").json()["problems"]
        assert [one["code"] for one in told] == ["left-out"]
