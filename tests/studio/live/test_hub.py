"""A slow tab loses text before anything else, and is told to ask again where it lost more."""

import asyncio
import json

import pytest

from sygra_eval.studio.live import hub as hub_module
from sygra_eval.studio.live.hub import MOST_WAITING, Hub
from sygra_eval.values import UsageError


@pytest.fixture
async def hub():
    opened = Hub()
    opened.open()
    yield opened
    opened.close()


def told(chunk):
    lines = chunk.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def last_id(chunk):
    return [line[4:] for line in chunk.decode().splitlines() if line.startswith("id: ")][-1]


async def test_of_what_is_told_whole_only_the_last_waits(hub):
    stream = hub.stream(["run:a/b"])
    await anext(stream)

    for number in range(100):
        hub.publish("run:a/b", "counts", {"rows": number}, kind="latest")
        hub.publish("run:other", "counts", {"rows": number}, kind="latest")
    heard = told(await anext(stream))
    await stream.aclose()

    assert heard == [{"topic": "run:a/b", "event": "counts", "data": {"rows": 99}}]


async def test_a_slow_tab_loses_text_and_is_told_once(hub):
    stream = hub.stream(["t"])
    await anext(stream)
    hub.publish("t", "moved", {"rows": ["r"]})

    for _ in range(2 * MOST_WAITING):
        hub.publish("t", "deltas", [{"text": "x"}], kind="droppable")
    events = [one["event"] for one in told(await anext(stream))]
    await stream.aclose()

    assert events.count("resync") == 1
    assert events.count("moved") == 1
    assert events.count("deltas") < MOST_WAITING


async def test_who_comes_back_gets_what_he_missed_in_its_order(hub):
    stream = hub.stream(["test:1"])
    await anext(stream)
    hub.publish("test:1", "step", 1)
    first = await anext(stream)
    await stream.aclose()
    for number in (2, 3):
        hub.publish("test:1", "step", number)

    back = hub.stream(["test:1"], last_id(first))
    heard = told(await anext(back))
    await back.aclose()

    assert [one["data"] for one in heard] == [2, 3]


async def test_who_comes_late_to_a_test_hears_it_from_its_beginning(hub):
    for number in (1, 2):
        hub.publish("test:1", "step", number)

    stream = hub.stream(["test:1"])
    heard = told(await anext(stream))
    await stream.aclose()

    assert [one["data"] for one in heard] == [1, 2]


async def test_a_quiet_stream_has_a_heartbeat_and_ends_with_the_server(hub, monkeypatch):
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", 0.01)
    stream = hub.stream(["t"])
    await anext(stream)

    assert (await anext(stream)).startswith(b":")
    hub.close()
    assert [chunk async for chunk in stream][1:] == []


async def test_what_is_looked_at_for_a_topic_ends_with_the_last_who_asks(hub):
    asked = []

    def begin(topic):
        if "bad" in topic:
            raise UsageError("no such run")
        asked.append(topic)
        return lambda: asked.remove(topic)

    hub.on_topic("run", begin)
    stream = hub.stream(["run:a/b", "run:bad"])
    heard = told(await anext(stream))
    during = list(asked)
    await stream.aclose()

    assert (during, asked) == (["run:a/b"], [])
    assert [(one["event"], one["data"]) for one in heard] == [("refused", "no such run")]


async def test_a_message_of_another_thread_arrives_and_breaks_no_line(hub):
    stream = hub.stream(["t"])
    await anext(stream)
    hostile = "\n\nid: 9\ndata: x\u2028\x00\ud800</script>"

    await asyncio.to_thread(hub.publish, "t", "deltas", [{"text": hostile}])
    (one,) = told(await anext(stream))
    await stream.aclose()

    assert one["data"] == [{"text": hostile}]


async def test_who_was_away_for_too_long_is_told_to_ask_again(hub):
    stream = hub.stream(["t"])
    await anext(stream)
    hub.publish("t", "moved", 0)
    first = await anext(stream)
    await stream.aclose()
    for number in range(hub_module.MOST_KEPT + 5):
        hub.publish("t", "moved", number)

    back = hub.stream(["t"], last_id(first))
    events = [one["event"] for one in told(await anext(back))]
    await back.aclose()

    assert events == ["resync", *["moved"] * hub_module.MOST_KEPT]


async def test_what_waits_for_a_tab_is_bounded_by_its_size_too(hub):
    stream = hub.stream(["t"])
    await anext(stream)

    for _ in range(100):
        hub.publish("t", "moved", "x" * 1_000_000)
    chunk = await anext(stream)
    await stream.aclose()

    assert len(chunk) < 2 * hub_module.MOST_WAITING_CHARACTERS
    assert told(chunk)[0]["event"] == "resync"
