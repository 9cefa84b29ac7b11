"""What a row's calls asked, found out again: the journal keeps the hash of a request, not its text.

The row's nodes are taken once more, each with the variables that it had; models and judges answer
what the journal says they did, so nothing is sent, nothing runs, and no code of a user's is loaded.
What a node then asks is the prompt, and the journalled hash proves that it is the very one. Start
at `asked_in`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sygra_eval.engine.asking import request_of
from sygra_eval.engine.plan import read_plan, recorded_models
from sygra_eval.engine.structured import completing_json
from sygra_eval.engine.visits import visit_from_json
from sygra_eval.engine.ways import walk_of
from sygra_eval.journal import JournalReader, request_hash
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import NoWay, Suite, load_suite
from sygra_eval.values import (
    Candidate,
    ChatRequest,
    ChatResponse,
    Interrupted,
    Judgement,
    LoopEnd,
    LoopView,
    Message,
    Node,
    NodeContext,
    OnLength,
    Round,
    Row,
    State,
    StopReason,
    SygraEvalError,
    UsageError,
    seeded,
)

Place = tuple[str, int, int]
"""Node path, visit and sample: where in its record a call belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request.

    :ivar model: Who was asked, by the suite's name.
    :ivar is_proven: Its hash is the one that the journal has.
    """

    model: str
    request: ChatRequest
    is_proven: bool


class _AsFarAsJournalled(Interrupted):
    """A node asks what the journal has no answer to."""


def asked_in(folder: Path, reader: JournalReader, row: Row, numbers: list[int]) -> dict[int, Asked]:
    """Return what the calls of these numbers asked, by number, as far as it can be found out.

    :raises UsageError: When the run's suite cannot be loaded here without code of its user's.
    """
    suite, plugins = _suite_of(folder, row)
    answers: dict[Place, tuple[int, ChatResponse]] = {}
    for number in numbers:
        call = reader.call(number)
        if call is not None:  # one that was asked again at its place has taken the place
            place = (call.site.node, call.site.visit, call.site.sample)
            answers[place] = number, call.response
    hearing = _Hearing(suite, answers, reader.rounds(row.id))
    asyncio.run(_walk(suite, plugins, reader, row, hearing))
    recorded = recorded_models(folder)
    return {
        number: Asked(
            model=model,
            request=request,
            is_proven=_is_proven(recorded.get(model), request, reader.asked_hash(number)),
        )
        for number, (model, request) in hearing.heard.items()
    }


def _suite_of(folder: Path, row: Row) -> tuple[Suite, Plugins]:
    plan = read_plan(folder)
    home = plan.suite_folder if plan.suite_folder.is_dir() else folder
    plugins = load_plugins(home, is_trusted=False)
    suite = load_suite(folder / "suite.yaml", plugins, folder=home, first_row=row)
    if suite.sha256 != plan.suite_sha256:
        raise UsageError("suite.yaml is not the suite that the journal was begun with")
    return suite, plugins


def _is_proven(
    recorded: Mapping[str, object] | None, request: ChatRequest, asked: bytes | None
) -> bool:
    identity = (recorded or {}).get("identity")
    return (
        asked is not None
        and isinstance(identity, str)
        and (request_hash(identity, request) == asked)
    )


class _Hearing:
    """Answers a node from the journal, and notes what it asks."""

    def __init__(
        self,
        suite: Suite,
        answers: Mapping[Place, tuple[int, ChatResponse]],
        rounds: tuple[Round, ...],
    ) -> None:
        self.heard: dict[int, tuple[str, ChatRequest]] = {}
        self._suite = suite
        self._answers = answers
        self._judged = {
            attempt.answer: Judgement(
                candidate=Candidate(
                    text=attempt.answer, code=attempt.code, extraction=attempt.extraction
                ),
                verdicts=attempt.verdicts,
            )
            for one in rounds
            for attempt in one.attempts
        }

    async def complete(
        self,
        key: str,
        messages: tuple[Message, ...],
        *,
        model: str,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        """Note a request, and answer it as it was answered."""
        del on_length
        path = f"{key}/{step}" if step else key
        known = self._answers.get((path, visit, sample))
        if known is None or model not in self._suite.models:
            raise _AsFarAsJournalled("the journal has no answer to this")
        number, response = known
        name = response.answered_by or model
        request = request_of(self._suite, messages, model=model, parameters=parameters)
        self.heard[number] = (name if name in self._suite.models else model), request
        return response

    async def judge(self, answer: str, *, previous: str | None = None) -> Judgement:
        """Say of an answer what was said of it."""
        del previous
        judged = self._judged.get(answer)
        if judged is None:
            raise _AsFarAsJournalled("the journal has no verdict on this")
        return judged


async def _walk(
    suite: Suite, plugins: Plugins, reader: JournalReader, row: Row, hearing: _Hearing
) -> None:
    """Take the record from node to node, with what each one left as it is journalled."""
    nodes = {node.name: node for node in suite.nodes}
    state: dict[str, object] = dict(row.columns)
    walk = walk_of(suite)
    try:
        while (name := walk.step(state)) is not None:
            await _visit(nodes[name], walk.key, suite, plugins, row, state, hearing)
            if (kept := reader.visit(row.id, walk.key)) is None:
                return
            state.update(visit_from_json(kept).additions)
    except NoWay:
        return


async def _visit(
    node: Node,
    key: str,
    suite: Suite,
    plugins: Plugins,
    row: Row,
    state: State,
    hearing: _Hearing,
) -> None:
    complete: Any = partial(hearing.complete, key)
    ctx = NodeContext(
        row=row,
        complete=complete,
        complete_json=completing_json(complete, {}),
        judge=hearing.judge,
        record_round=_not_recorded,
        should_stop=_goes_on,
        end_loop=_not_ended,
        chance=seeded(suite.seed, row.id, key),
        seed=suite.seed,
        key=key,
        folder=suite.folder,
    )
    try:
        await plugins.acall(
            "sygra_run_node", node=node, state=MappingProxyType(dict(state)), ctx=ctx
        )
    except SygraEvalError:
        return  # it went no further then either, or what it needs is not here


def _not_recorded(finished: Round) -> None:
    del finished


def _not_ended(end: LoopEnd) -> None:
    del end


async def _goes_on(loop: LoopView) -> StopReason | None:
    del loop
    return None
