"""`check` of a suite whose labels cannot be used."""

import json

from tests.engine.conftest import FAST_PLUGIN, write_suite


def test_check_names_file_and_line_of_a_label_that_cannot_be_used(tmp_path, cli):
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"id": "r0", "label": "maybe"}) + "\n")
    people = {"validators": ["says"], "labels": "labels.jsonl"}
    suite = write_suite(
        tmp_path,
        [{"id": "r0", "question": "why?", "solution": "fine"}],
        candidate={"code": "{solution}"},
        quality={"validators": [{"use": "says"}], "agreement": {"people": people}},
    )

    done = cli("check", str(suite), "-p", str(FAST_PLUGIN))

    assert done.code == 4
    assert f"{labels}:1" in done.err
    assert "error[bad-labels]" in done.err
    assert "'maybe' is none of those known" in done.err
