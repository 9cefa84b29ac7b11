"""What a run verifies does not depend on the form that its rows came in."""

import json

import pytest
import yaml

from tests.engine.row_forms import FORMS

ROWS = 1_000
DONE: dict[str, list[bytes]] = {}
"""What was verified and rejected, by form: the first form is what all others are held against."""
TEXTS = (
    "plain",
    "",
    "é – 日本 😀",
    'a "quote", a comma; a\ttab',
    "two\nlines\r\nor three",
    "1",
    "NaN",
)


def rows() -> list[dict[str, str]]:
    return [
        {
            "id": f"r{number:04}",
            "question": f"why {number}? {TEXTS[number % len(TEXTS)]}",
            "answer.text": TEXTS[(number + 3) % len(TEXTS)] or "because",
            "judged": "says-fail" if number % 10 == 0 else "well",
        }
        for number in range(ROWS)
    ]


@pytest.fixture
def run_of(tmp_path, run):
    """Run a suite without a graph over rows in some form."""

    async def start(form: str) -> list[bytes]:
        if form in DONE:
            return DONE[form]
        folder = tmp_path / form
        folder.mkdir()
        document = {
            "suite": {"name": "forms"},
            "data_config": {"source": FORMS[form](folder, rows())},
            "candidate": {"text": "{answer.text} {judged}"},
            "quality": {"validators": [{"use": "says"}]},
            "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        }
        (folder / "suite.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        finished = await run(folder / "suite.yaml", name=form)
        suite_sha256 = finished.summary.suite_sha256.encode()
        DONE[form] = [
            finished.folder.joinpath(name).read_bytes().replace(suite_sha256, b"<suite>")
            for name in ("verified.jsonl", "rejected.jsonl")
        ]
        return DONE[form]

    return start


async def test_the_rows_of_a_run_are_those_that_were_given(run_of):
    verified, rejected = await run_of("jsonl")

    columns = ("id", "question", "answer.text", "judged")
    written = [
        json.loads(line) for line in [*verified.split(b"\n"), *rejected.split(b"\n")] if line
    ]
    given = sorted(
        ({key: row[key] for key in columns} for row in written), key=lambda row: row["id"]
    )
    assert given == rows()
    assert rejected.count(b"\n") == ROWS // 10


@pytest.mark.parametrize("form", [form for form in FORMS if form != "jsonl"])
async def test_the_same_rows_in_another_form_give_the_same_bytes(run_of, form):
    assert await run_of(form) == await run_of("jsonl")
