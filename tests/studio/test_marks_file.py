"""The file of marks in a run folder that may be a stranger's."""

import os

import pytest

from sygra_eval.studio.rows.marks import MARKS, MarkKind, add_mark, marks_in
from sygra_eval.values import UsageError


def a_mark(folder):
    return add_mark(folder, author="ada", row="q", kind=MarkKind.ACCEPT)


def test_a_link_in_the_place_of_the_marks_is_followed_by_nobody(tmp_path):
    run, elsewhere = tmp_path / "run", tmp_path / "authorized_keys"
    run.mkdir()
    a_mark(tmp_path)
    (tmp_path / MARKS).rename(elsewhere)
    before = elsewhere.read_bytes()
    (run / MARKS).symlink_to(elsewhere)

    with pytest.raises(UsageError, match="the mark is not kept"):
        a_mark(run)

    assert elsewhere.read_bytes() == before
    assert marks_in(run) == {}


def test_a_pipe_in_the_place_of_the_marks_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / MARKS)

    with pytest.raises(UsageError, match="the mark is not kept"):
        a_mark(tmp_path)

    assert marks_in(tmp_path) == {}
