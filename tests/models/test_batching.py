"""Calls gathered into batches: what is sent, what each fault comes to, what a death costs."""

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.batch_ledger import BatchRecord
from sygra_eval.models.batch_outcomes import failure_of
from sygra_eval.models.batch_wire import BatchPaths, BatchWire, answer_in, seen_in
from sygra_eval.models.batching import BatchDesk
from sygra_eval.models.replies import RawReply
from sygra_eval.models.transport import Transport
from sygra_eval.testing import audit, status
from sygra_eval.values import (
    BatchTerms,
    CallFailed,
    CallSite,
    ChatRequest,
    EndpointLost,
    Interrupted,
    Message,
    RetryLater,
)

ALWAYS = float("inf")
TERMS = BatchTerms(wait_s=0.03, poll_s=0.005)
PASSING = [
    "upload_503",
    "upload_429",
    "upload_lost",
    "file_pending",
    "submit_503",
    "submit_429",
    "submit_lost",
    "look_503",
    "look_429",
    "look_401",
    "look_404",
    "unknown_status",
    "read_cut_off",
    "read_truncated",
    "read_404",
    "duplicated",
    "stranger",
]


def question(number: int) -> ChatRequest:
    return ChatRequest(
        messages=(Message("user", f"question {number}"),),
        site=CallSite(record=f"r{number}", node="solve"),
    )


@pytest.fixture
def asking(endpoint, gateway_to):
    """Ask so many questions at once by batches; return the answers or failures."""
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")

    async def ask(count=6, *, terms=TERMS, **changes):
        gateway = await gateway_to(endpoint, batch=terms, **changes)
        calls = (
            gateway.complete("author", question(number), record=f"r{number}")
            for number in range(count)
        )
        return await asyncio.gather(*calls, return_exceptions=True)

    return ask


async def until(is_so) -> None:
    for _ in range(12_000):  # a minute, on a busy machine
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come so far")


def paid(endpoint) -> int:
    endpoint.batches.finish()
    return sum(event.kind == "batched" for event in endpoint.events)


def sizes(endpoint) -> list[int]:
    batches = endpoint.batches
    return [len(batches.lines_of(number)) for number in range(len(batches.submitted))]


@pytest.mark.parametrize("fault", PASSING)
async def test_a_fault_that_passes_changes_no_answer_and_costs_nothing(endpoint, asking, fault):
    endpoint.batches.fails_with(fault)

    answers = await asking()

    assert [answer.text for answer in answers] == [f"answer to question {n}" for n in range(6)]
    assert (sizes(endpoint), paid(endpoint)) == ([6], 6)
    assert audit.problems(endpoint.events) == []


async def test_a_call_that_expires_three_times_is_given_up(endpoint, asking):
    endpoint.batches.fails_with("expired_whole", ALWAYS)

    answers = await asking(2)

    assert [answer.kind for answer in answers] == ["expired", "expired"]
    assert "gave up after 3 tries" in answers[0].message
    assert (sizes(endpoint), paid(endpoint)) == ([2, 2, 2], 0)


async def test_a_day_is_no_deadline(endpoint, asking, clock):
    endpoint.batches.fails_with("expired")
    endpoint.answers_with(lambda body: _after_a_day(clock))

    answers = await asking(2)

    assert [answer.text for answer in answers] == ["late", "late"]
    assert answers[0].latency_s >= 86_400


def _after_a_day(clock) -> str:
    clock.now_s += 86_400
    return "late"


async def test_many_calls_that_fail_in_batches_open_no_circuit(endpoint, asking, clock):
    def broken(body):
        clock.now_s += 2  # so that a batch is 20 seconds after the one before
        return status(500, {"error": {"message": "it broke"}})

    endpoint.answers_with(broken)

    answers = await asking(10)

    assert {answer.kind for answer in answers} == {"server_error"}
    assert sizes(endpoint) == [10] * 6  # and not a day for each call that tries the circuit


async def test_equal_calls_of_one_place_share_a_line(endpoint, gateway_to):
    endpoint.answers_with(lambda body: "yes")
    gateway = await gateway_to(endpoint, batch=TERMS)

    answers = await asyncio.gather(*(gateway.complete("author", question(1)) for _ in range(3)))

    assert [answer.text for answer in answers] == ["yes"] * 3
    assert sizes(endpoint) == [1]


async def test_calls_of_no_place_are_apart(endpoint, gateway_to):
    endpoint.answers_with(lambda body: "yes")
    gateway = await gateway_to(endpoint, batch=TERMS)
    asked = replace(question(1), site=None)

    await asyncio.gather(*(gateway.complete("author", asked) for _ in range(3)))

    assert sizes(endpoint) == [3]


async def test_a_call_that_nobody_waits_for_is_not_sent(endpoint, gateway_to):
    endpoint.answers_with(lambda body: "yes")
    gateway = await gateway_to(endpoint, batch=TERMS)
    calls = [asyncio.create_task(gateway.complete("author", question(n))) for n in range(3)]
    await asyncio.sleep(0)
    calls[1].cancel()

    await asyncio.gather(*calls, return_exceptions=True)

    assert sizes(endpoint) == [2]


async def test_a_batch_stays_below_its_bytes(endpoint, asking):
    await asking(10, terms=replace(TERMS, most_bytes=600))

    lengths = [len(str(endpoint.batches.lines_of(n))) for n in range(len(sizes(endpoint)))]
    assert len(lengths) > 3
    assert sum(sizes(endpoint)) == 10
    assert max(lengths) <= 600


async def test_an_interrupt_ends_the_waiting_and_leaves_the_batch_open(endpoint, gateway_to):
    endpoint.answers_with(lambda body: "yes")
    endpoint.batches.fails_with("stays", ALWAYS)
    gateway = await gateway_to(endpoint, batch=TERMS)
    calls = [asyncio.create_task(gateway.complete("author", question(n))) for n in range(3)]
    await until(lambda: gateway.open_batches)
    late = asyncio.create_task(gateway.complete("author", question(9)))
    await asyncio.sleep(0)

    gateway.interrupt(Interrupted("SIGINT"))
    await gateway.settle_batches()

    ended = await asyncio.gather(*calls, late, return_exceptions=True)
    assert [str(error) for error in ended] == ["SIGINT"] * 4
    (open_batch,) = gateway.open_batches
    assert (open_batch.id, open_batch.calls, open_batch.model) == ("batch_1", 3, "author")
    with pytest.raises(Interrupted):
        await gateway.complete("author", question(1))


class InterruptedWire(BatchWire):
    """A wire on which the run is stopped while a file is on its way."""

    desk: BatchDesk

    async def upload(self, content):
        file_id = await super().upload(content)
        self.desk.interrupt(Interrupted("SIGINT"))
        return file_id


async def test_what_is_uploaded_when_the_run_is_stopped_is_not_submitted_and_not_lost(endpoint):
    endpoint.answers_with(lambda body: "yes")
    disk, transport = Disk(), Transport(endpoint.base_url, secret="", timeout_s=5.0)
    wire = InterruptedWire(transport, BatchPaths(url="/v1/chat/completions"))
    wire.desk = desk = BatchDesk(wire, TERMS, model="author")
    desk.go_on_with(disk)

    with pytest.raises(Interrupted):
        await desk.reply_to("call-0", b'{"messages":[{"role":"user","content":"0"}]}')
    await desk.settle()
    await transport.close()
    assert (endpoint.batches.uploaded, endpoint.batches.submitted) == (["file-1"], [])

    await one_life(endpoint, disk, Moments(0), count=1)
    assert list(disk.answers) == ["call-0"]
    assert (endpoint.batches.uploaded, endpoint.batches.submitted) == (["file-1"], ["batch_1"])


async def test_a_file_that_is_gone_before_it_was_submitted_is_written_again(endpoint):
    endpoint.answers_with(lambda body: "yes")
    disk = Disk()
    keys = ("call-0", "call-1")
    disk.records["t"] = BatchRecord(model="author", tag="t", file_id="file-gone", keys=keys)

    await one_life(endpoint, disk, Moments(0), count=2)

    assert sorted(disk.answers) == ["call-0", "call-1"]
    assert sizes(endpoint) == [2]


async def test_a_batch_that_is_lost_sight_of_is_lost_for_all_its_calls(endpoint):
    disk, transport = Disk(), Transport(endpoint.base_url, secret="", timeout_s=5.0)
    disk.records["t"] = BatchRecord(
        model="author", tag="t", file_id="f", keys=("call-0", "call-1"), batch_id="batch_of_old"
    )
    desk = BatchDesk(
        BatchWire(transport, BatchPaths(url="/v1/chat/completions")), TERMS, model="author"
    )
    desk.go_on_with(disk)

    for key in ("call-0", "call-1"):  # the second asks when it is known already
        with pytest.raises(EndpointLost, match=r"the batch batch_of_old at .* stays open"):
            await desk.reply_to(key, b"{}")
    await desk.close()
    await transport.close()
    assert endpoint.batches.submitted == []


async def test_a_key_that_is_refused_fails_no_call_as_if_it_had_been_sent(
    endpoint, gateway_to, monkeypatch
):
    monkeypatch.setenv("A_KEY", "sk-right-0123456789")
    endpoint.requires_key = "sk-right-0123456789"
    endpoint.answers_with(lambda body: "yes")
    gateway = await gateway_to(endpoint, batch=TERMS, config={"api_key_env": "A_KEY"})
    endpoint.requires_key = "sk-other-0123456789"

    ended = await asyncio.gather(
        *(gateway.complete("author", question(n)) for n in range(4)), return_exceptions=True
    )

    assert {type(error) for error in ended} <= {CallFailed, EndpointLost}
    assert {error.kind for error in ended} == {"refused_key"}
    assert isinstance(ended[-1], EndpointLost)
    assert "sk-right" not in "".join(map(str, ended))
    assert endpoint.batches.uploaded == []


# A death at every moment, without processes: the server and the ledger are what outlives it.


class Died(Exception):
    """The process ended here."""


class Moments:
    """Counts what is done to the world, and ends the process at one of the moments."""

    def __init__(self, at: int) -> None:
        self.at, self.now = at, 0

    def pass_one(self) -> None:
        self.now += 1
        if self.now == self.at:
            raise Died


class MortalWire(BatchWire):
    """A wire on which one may die before and after each exchange."""

    moments: Moments

    async def upload(self, content):
        return await self._between(super().upload(content))

    async def is_ready(self, *given):
        return await self._between(super().is_ready(*given))

    async def submit(self, *given):
        return await self._between(super().submit(*given))

    async def look(self, batch_id):
        return await self._between(super().look(batch_id))

    async def read(self, *given):
        return await self._between(super().read(*given))

    async def _between(self, exchange):
        try:
            self.moments.pass_one()
        except Died:
            exchange.close()
            raise
        said = await exchange
        self.moments.pass_one()
        return said


class Disk:
    """A ledger that outlives the process, with the answers that were committed."""

    run = "run"

    def __init__(self) -> None:
        self.records: dict[str, BatchRecord] = {}
        self.answers: dict[str, str] = {}
        self.moments = Moments(0)

    def earlier(self, model):
        left = [
            replace(one, keys=tuple(key for key in one.keys if key not in self.answers))
            for one in self.records.values()
        ]
        return [one for one in left if one.keys]

    async def note(self, record):
        self.moments.pass_one()
        self.records[record.tag] = record
        self.moments.pass_one()


async def one_life(endpoint, disk: Disk, moments: Moments, count: int = 5) -> None:
    """Ask for what has no answer yet; what is answered is committed."""
    transport = Transport(endpoint.base_url, secret="", timeout_s=5.0)
    wire = MortalWire(transport, BatchPaths(url="/v1/chat/completions"))
    wire.moments = disk.moments = moments
    desk = BatchDesk(wire, TERMS, model="author")
    desk.go_on_with(disk)

    async def ask(number: int) -> None:
        key, body = f"call-{number}", b'{"messages":[{"role":"user","content":"%d"}]}' % number
        if key not in disk.answers:
            reply = await desk.reply_to(key, body)
            moments.pass_one()
            disk.answers[key] = reply.body.decode()

    await asyncio.gather(*(ask(number) for number in range(count)), return_exceptions=True)
    await desk.close()
    await transport.close()


@pytest.mark.parametrize("fault", [None, "expired", "submit_lost"])
async def test_a_death_at_any_moment_pays_for_nothing_twice(endpoint, fault):
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")
    moments_passed = []
    for at in range(1, 40):
        disk, before = Disk(), len(endpoint.events)
        if fault is not None:
            endpoint.batches.fails_with(fault)
        moments = Moments(at)

        await one_life(endpoint, disk, moments)
        await one_life(endpoint, disk, Moments(0))
        if fault == "expired":  # what expired is asked again by the gateway, in a life of its own
            await one_life(endpoint, disk, Moments(0))

        endpoint.batches.finish()
        events = endpoint.events[before:]
        counts = Counter(event.request for event in events if event.kind == "batched")
        assert sorted(disk.answers) == [f"call-{n}" for n in range(5)], f"died at {at}"
        assert set(counts.values()) == {1}, f"died at {at}"
        assert len(counts) == 5
        moments_passed.append(moments.now)
        if moments.now < at:  # it lived
            break
    assert len(moments_passed) > 12


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"custom_id": 3}',
        b'{"custom_id": ""}',
        b"\xff",
        b'{"custom_id": "a"',
    ],
)
def test_a_line_that_is_no_answer_is_nobodys(line):
    assert answer_in(line, address="a") is None


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b'{"custom_id": "a", "response": null, "error": null}', 200),
        (b'{"custom_id": "a", "response": {"status_code": "x", "body": {}}}', 500),
        (b'{"custom_id": "a", "response": {"status_code": 200, "body": null}}', 200),
        (b'{"custom_id": "a", "response": [], "error": {"code": "batch_expired"}}', 200),
    ],
)
def test_a_line_with_an_id_is_a_reply_whatever_else_is_in_it(line, status):
    key, reply = answer_in(line, address="a")

    assert (key, reply.status) == ("a", status)


@given(st.binary())
def test_no_bytes_break_the_reading_of_a_line(line):
    answered = answer_in(line, address="a")

    assert answered is None or isinstance(answered[0], str)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(custom_id=JSON, response=JSON, error=JSON, body=JSON, code=JSON)
def test_no_json_breaks_the_reading_of_a_line(custom_id, response, error, body, code):
    for said in (response, {"status_code": code, "body": body}):
        line = json.dumps({"custom_id": custom_id, "response": said, "error": error})
        answered = answer_in(line.encode(), address="a")
        assert (answered is None) or (answered[0] == custom_id and 100 <= answered[1].status < 600)


@given(
    st.fixed_dictionaries(
        {"id": st.just("batch_1"), "status": JSON},
        optional={
            "errors": JSON | st.fixed_dictionaries({"data": JSON | st.lists(JSON)}),
            "metadata": JSON,
            "output_file_id": JSON,
            "error_file_id": JSON,
            "request_counts": JSON | st.fixed_dictionaries({"completed": JSON, "failed": JSON}),
        },
    )
)
def test_no_json_breaks_the_reading_of_a_batch(said):
    reply = RawReply(status=200, headers={}, body=json.dumps(said).encode(), address="a")

    seen = seen_in(reply)

    assert (seen.id, seen.counted >= 0) == ("batch_1", True)
    assert isinstance(failure_of(seen, "a"), CallFailed)


@pytest.mark.parametrize("bad", ["", "../../etc", "a/b", "a?b=c", None, 3, "a b"])
def test_an_id_that_could_lead_elsewhere_is_none(bad):
    reply = RawReply(
        status=200, headers={}, body=json.dumps({"id": bad, "status": "x"}).encode(), address="a"
    )

    with pytest.raises(RetryLater, match="without an id"):
        seen_in(reply)
