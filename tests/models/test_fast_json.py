import pytest

from sygra_eval.models import fast_json


@pytest.fixture(params=["orjson", "json"], autouse=True)
def library(request, monkeypatch):
    """Both ways have to agree, so every test here runs with either."""
    if request.param == "orjson":
        pytest.importorskip("orjson")
    else:
        monkeypatch.setattr(fast_json, "_loads", None)
        monkeypatch.setattr(fast_json, "_dumps", None)


def test_what_is_written_is_read_back():
    value = {"text": "gr\u00fc\u00df \u2603 \U0001f600", "n": [1, 2.5, None, True]}

    assert fast_json.loads(fast_json.dumps(value)) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b'{"a": 1',
        b'{"a": NaN}',
        b"[Infinity]",
        b'\xef\xbb\xbf{"a": 1}',
        b'"\xff"',
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_not_strict_json_is_refused(raw):
    with pytest.raises(ValueError, match=r"."):
        fast_json.loads(raw)


@pytest.mark.parametrize("value", [{1, 2}, object()], ids=["set", "object"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        fast_json.dumps(value)


def test_half_a_surrogate_pair_is_written_as_an_escape():
    assert fast_json.dumps("\ud800") == b'"\\ud800"'
