import base64
import json
import zlib
from dataclasses import replace
from hashlib import sha512

import pytest

from sygra_eval.engine import ReportRow
from sygra_eval.report.html import blocks as module
from sygra_eval.report.html.blocks import Blocks
from sygra_eval.report.html.stories import MOST_CHARACTERS, Told, line_of
from sygra_eval.values import Outcome
from tests.report.html.conftest import HOSTILE, row_of


def told_of(index, text="", **changes):
    end, rounds = row_of(index, text)
    end = replace(end, **changes)
    row = ReportRow(
        id=end.row_id,
        index=end.index,
        outcome=end.outcome,
        reason=end.reason,
        topic=None,
        rounds=end.loop.rounds,
        samples=end.loop.samples,
        stop_reason=end.loop.stop_reason,
        verdicts=end.verdicts,
        code=None,
        columns=end.data,
        calls=2,
        prompt_tokens=100,
        completion_tokens=60,
        latency_s=1.5,
        cost_usd=None,
        end=end,
    )
    return Told(row=row, rounds=rounds)


def unpacked(content):
    return zlib.decompress(base64.b64decode(content)).decode("ascii")


def fitted(rows, room=10**9, most=None):
    with Blocks(most) as blocks:
        for told in rows:
            blocks.take(told)
        fit = blocks.fit(room, most)
        index = json.loads(unpacked(blocks.index({"run": "a/b"})))
        return fit, index, dict(blocks.chosen())


def test_every_row_is_found_where_the_index_says(monkeypatch):
    monkeypatch.setattr(module, "ROWS_OF_A_BLOCK", 7)
    rows = [told_of(index, HOSTILE[index % len(HOSTILE)]) for index in range(40)]

    fit, index, chosen = fitted(rows)

    lines = {number: unpacked(content).split("\n") for number, content in chosen.items()}
    stories = [
        json.loads(lines[block][place]) for block, place in zip(index["b"], index["p"], strict=True)
    ]
    assert fit.is_whole
    assert index["ids"] == [story["id"] for story in stories] == [told.row.id for told in rows]
    assert [story["question"] for story in stories] == [told.end.data["question"] for told in rows]
    assert all(content.isascii() and b"<" not in content for content in chosen.values())


def test_above_the_limit_every_row_that_is_not_verified_stays(monkeypatch):
    monkeypatch.setattr(module, "ROWS_OF_A_BLOCK", 5)
    rows = [told_of(index, sha512(b"%d" % index).hexdigest() * 2) for index in range(120)]
    whole = sum(len(content) for content in fitted(rows)[2].values())

    fit, index, chosen = fitted(rows, room=whole // 2)

    verified, others = fit.verified, fit.others
    assert others == (40, 40)
    assert 0 < verified[0] < verified[1] == 80
    assert not fit.is_whole
    assert sum(len(content) for content in chosen.values()) <= whole // 2
    kept = [at for at, block in enumerate(index["b"]) if block >= 0]
    kept_right = [at for at in kept if at % 3]
    assert max(kept_right) > 90  # from all over the run, not its beginning
    assert len(index["ids"]) == 120


@pytest.mark.parametrize("room", [0, -5, 10])
def test_without_room_there_is_the_index_alone(room):
    fit, index, chosen = fitted([told_of(index) for index in range(9)], room=room)

    assert chosen == {}
    assert set(index["b"]) == {-1}
    assert fit.verified == (0, 6)


def test_a_most_of_rows_is_kept_to():
    fit, _, _ = fitted([told_of(index) for index in range(60)], most=10)

    assert fit.verified[0] + fit.others[0] <= 10
    assert fit.others[0] > 0


def test_no_rows_make_an_index_without_rows():
    fit, index, chosen = fitted([])

    assert (index["ids"], chosen, fit.is_whole) == ([], {}, True)


def test_a_long_list_of_verified_rows_is_cut_and_the_others_stay(monkeypatch):
    monkeypatch.setattr(module, "MOST_LISTED", 10)

    fit, index, _ = fitted([told_of(index) for index in range(30)])

    assert not fit.is_whole
    assert fit.listed == len(index["ids"])
    assert sum(at % 3 == 0 for at in range(30)) == index["o"].count(
        index["words"]["o"].index("rejected")
    )


def test_a_text_of_ten_million_characters_is_cut_and_says_so():
    told = told_of(0, outcome=Outcome.REJECTED, data={"question": "x" * 10**7, "n": ["y" * 10**7]})

    line = line_of(told)

    assert len(line) < 3 * MOST_CHARACTERS
    story = json.loads(line)
    assert story["question"].endswith("[… 9,900,000 more characters are not in this file]")
    assert "more characters" in story["columns"]["n"]


def test_a_score_of_nothing_is_a_score():
    end = told_of(0).end
    verdict = replace(end.verdicts[0], score=0.0)

    story = json.loads(line_of(told_of(0, verdicts=(verdict,))))

    assert story["verdicts"][0]["score"] == 0.0


def test_numbers_that_json_does_not_have_are_words():
    data = {"question": "q", "n": [float("nan"), {"up": float("inf")}, 0.5]}

    line = line_of(told_of(0, data=data)).decode()

    def no_constant(name):
        raise AssertionError(f"{name} is no JSON")

    story = json.loads(line, parse_constant=no_constant)
    assert story["columns"]["n"] == ["nan", {"up": "inf"}, 0.5]
