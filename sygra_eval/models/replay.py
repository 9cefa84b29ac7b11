"""Model type `replay`: answers from the journal of an earlier run, without a network or a key.

A call is answered by what the run got for the same request at the same place (record, node, visit,
sample). Where the place is another, as in a suite that changed around it, the recorded answers to
the same request are given in their order, each once. A request that was not recorded fails: nothing
is made up.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.journal import JournalReader, call_key, open_readonly, request_hash
from sygra_eval.models.prices import FREE
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    ModelSpec,
    ModelUnavailable,
    Task,
    UsageError,
)

MOST_AT_ONCE = 64
DEFAULT_REPORTS = "reports"
PIECE_S = 0.05


class ReplayConfig(BaseModel):
    """The keys of a model with `use: replay`.

    :ivar run: Folder of the run, relative to the suite, to where the command is given, or below
        `reports`.
    :ivar pace: How long an answer takes, as a multiple of what it took when it was recorded: 1 for
        as long, 0 (the default) for at once. For watching a run without a model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str = Field(min_length=1)
    pace: float = Field(default=0.0, ge=0, le=100)

    @property
    def task(self) -> Task:
        """Whatever was recorded."""
        return Task.ANY


class ReplayModel:
    """The answers of one run; they have been paid for."""

    price_name = FREE
    task = Task.ANY
    takes_images = True  # it is asked by their hashes

    def __init__(self, spec: ModelSpec) -> None:
        config = spec.config
        if not isinstance(config, ReplayConfig):
            config = ReplayConfig.model_validate(config)
        self.config = config
        self.max_in_flight = spec.max_concurrency or MOST_AT_ONCE
        self._spec = spec
        self._folder = found(config.run, spec.folder)
        self._plan = recorded_plan(self._folder, spec.name)
        self._reader: JournalReader | None = None
        self._elsewhere: dict[bytes, deque[bytes]] | None = None

    @property
    def is_streamed(self) -> bool:
        """Whether answers take a time, in which they are told in pieces."""
        return self.config.pace > 0

    @property
    def identity(self) -> str:
        """The run that answers: its suite and its input."""
        return f"replay {self._plan['suite_sha256']} {self._plan['input_fingerprint']}"

    @property
    def label(self) -> str:
        """The recorded model's label where the run had one model, or one of this name."""
        labels: Mapping[str, str] = json.loads(self._plan["labels"])
        if self._spec.name in labels:
            return labels[self._spec.name]
        return next(iter(labels.values())) if len(set(labels.values())) == 1 else "replay"

    @property
    def endpoint(self) -> str:
        """The run's folder."""
        return f"replay {self._folder}"

    @property
    def has_json_mode(self) -> bool:
        """As the recorded model of this name had one: what is asked has to be what was."""
        models: Mapping[str, Mapping[str, Any]] = json.loads(self._plan["models"])
        own = models.get(self._spec.name) or next(iter(models.values()), {})
        return bool(own.get("has_json_mode"))

    async def open(self) -> None:
        """Open the journal for reading."""
        try:
            self._reader = open_readonly(self._folder / "journal.db")
        except UsageError as error:
            raise ModelUnavailable(f"{self._folder} cannot be replayed: {error}") from error

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Give the recorded answer, after as long as `pace` says."""
        answer = self._recorded(request)
        await _told(answer, request, answer.latency_s * self.config.pace)
        return answer

    def _recorded(self, request: ChatRequest) -> ChatResponse:
        if self._reader is None:
            raise CallFailed("not_open", f"model `{self._spec.name}` is not open")
        asked = tuple(self._as_recorded(request))
        if request.site is not None:
            for identity, recorded in asked:
                answer = self._reader.answer(call_key(identity, recorded, request.site))
                if answer is not None:
                    return answer
        for identity, recorded in asked:
            keys = self._keys_elsewhere(self._reader).get(request_hash(identity, recorded))
            if keys and (answer := self._reader.answer(keys.popleft())) is not None:
                return answer
        place = "" if request.site is None else f" at {request.site.node} of {request.site.record}"
        raise CallFailed(
            "not_recorded",
            f"{self._folder} has no answer to this request{place}: its prompt or parameters are "
            "not those of the run, or all its answers to it are used; run with a real model",
        )

    def _as_recorded(self, request: ChatRequest) -> Iterator[tuple[str, ChatRequest]]:
        """Yield the request as each model of the run would have been sent it."""
        models: Mapping[str, Mapping[str, Any]] = json.loads(self._plan["models"])
        own_first = sorted(models, key=lambda name: name != self._spec.name)
        for name in own_first:
            parameters = {**models[name]["parameters"], **request.parameters}
            recorded = ChatRequest(messages=request.messages, parameters=parameters)
            yield models[name]["identity"], recorded

    def _keys_elsewhere(self, reader: JournalReader) -> dict[bytes, deque[bytes]]:
        """Return the keys of all recorded calls by what was asked, in the order of the journal."""
        if self._elsewhere is None:
            self._elsewhere = defaultdict(deque)
            for key, asked in reader.call_keys():
                self._elsewhere[asked].append(key)
        return self._elsewhere

    async def close(self) -> None:
        """Close the journal."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


async def _told(answer: ChatResponse, request: ChatRequest, seconds: float) -> None:
    """Wait, and meanwhile tell who listens the text in pieces, as a server streams it."""
    listener = request.on_text
    began_s, told = time.monotonic(), 0
    while seconds > 0 and (passed_s := time.monotonic() - began_s) < seconds:
        if listener is None:
            await asyncio.sleep(seconds - passed_s)
            continue
        until = int(len(answer.text) * passed_s / seconds)
        if until > told:
            listener(answer.text[told:until])
            told = until
        await asyncio.sleep(min(PIECE_S, seconds - passed_s))
    if listener is not None and told < len(answer.text):
        listener(answer.text[told:])


def found(run: str, folder: Path) -> Path:
    """Return the run's folder.

    :raises ModelUnavailable: With the places where it was looked for.
    """
    places = [
        (folder / run).absolute(),
        Path(run).absolute(),
        Path(DEFAULT_REPORTS, run).absolute(),
    ]
    for place in dict.fromkeys(places):
        if (place / "journal.db").is_file():
            return place
    tried = ", ".join(map(str, dict.fromkeys(places)))
    raise ModelUnavailable(f"no run to replay: there is no journal.db in any of {tried}")


def recorded_plan(folder: Path, name: str) -> Mapping[str, str]:
    """Read what the run was started with.

    :raises ModelUnavailable: When it cannot be read, or does not say how its models were asked.
    """
    try:
        with open_readonly(folder / "journal.db") as reader:
            plan = reader.plan()
    except UsageError as error:
        raise ModelUnavailable(f"{folder} cannot be replayed: {error}") from error
    if "models" not in plan:
        advice = "run the suite again with this version and replay that"
        raise ModelUnavailable(
            f"model `{name}`: {folder} was recorded by a version that did not note how its models "
            f"were asked; {advice}"
        )
    return plan
