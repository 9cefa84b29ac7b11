"""A suite's validators for a task that SyGra runs: called from its lambda nodes' threads.

One sandbox for each suite, in an event loop of its own thread, started by the first answer.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sygra_eval.engine import Bench, grade_of
from sygra_eval.nodes import evidence_text
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import load_suite
from sygra_eval.values import InfrastructureError, Judgement, Row, Stage, Status, ValidatorSpec

_T = TypeVar("_T")
_LOCK = threading.Lock()
_JUDGES: dict[Path, "Judge"] = {}
MOST_S = 600.0
"""So long one answer may be judged."""


def judge_of(path: Path, columns: Mapping[str, Any]) -> "Judge":
    """Return the judge of a suite; it lasts as long as the process.

    :param columns: Of any row, as the names in the suite are checked on one.
    """
    with _LOCK:
        if path not in _JUDGES:
            _JUDGES[path] = Judge(path, columns)
        return _JUDGES[path]


def asks_a_model(spec: ValidatorSpec) -> bool:
    """Say whether a validator needs a model of the suite, which SyGra's process does not open."""
    return hasattr(spec.config, "model")


class Judge:
    """Judges answers from any thread."""

    def __init__(self, path: Path, columns: Mapping[str, Any]) -> None:
        self._path, self._columns, self._lock = path, dict(columns), threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bench: Bench | None = None

    def in_loop(
        self,
        columns: Mapping[str, Any],
        row_id: object,
        answer: str,
        previous: str | None,
        evidence_chars: int,
    ) -> dict[str, Any]:
        """Return what the loop needs of an answer: its code, verdicts, and what they say.

        :raises InfrastructureError: When a validator that is required broke.
        """
        judgement = self._judged(columns, row_id, answer, Stage.LOOP, previous)
        for verdict in judgement.verdicts:
            if verdict.is_required and verdict.status is Status.ERROR:
                raise InfrastructureError(f"validator {verdict.validator}: {verdict.reason}")
        return {
            "text": answer,
            "code": judgement.candidate.code,
            "evidence": evidence_text(judgement.verdicts, evidence_chars),
            "verdicts": [
                {
                    "validator": one.validator,
                    "status": one.status.value,
                    "score": one.score,
                    "is_required": one.is_required,
                }
                for one in judgement.verdicts
            ],
        }

    def at_the_end(self, columns: Mapping[str, Any], row_id: object, answer: str) -> dict[str, Any]:
        """Return the columns that a judged row has, hidden tests included."""
        judgement = self._judged(columns, row_id, answer, Stage.FINAL, None)
        bench = self._opened()
        outcome, reason = bench.outcome(judgement, columns)
        return {
            "verdict": outcome.value,
            "reason": reason,
            "code": judgement.candidate.code,
            "grade": grade_of(judgement.verdicts),
            "verdicts": [
                {
                    "validator": one.validator,
                    "status": one.status.value,
                    "score": one.score,
                    "reason": one.reason,
                    "isolation": one.evidence.isolation if one.evidence is not None else "",
                }
                for one in judgement.verdicts
            ],
        }

    def _judged(
        self,
        columns: Mapping[str, Any],
        row_id: object,
        answer: str,
        stage: Stage,
        previous: str | None,
    ) -> Judgement:
        bench = self._opened()
        judging = bench.judge(
            answer, row_id=str(row_id), columns=columns, stage=stage, previous=previous
        )
        return self._wait(judging)

    def _opened(self) -> Bench:
        with self._lock:
            if self._bench is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True).start()
                self._bench = self._wait(self._open())
                atexit.register(self._close)
            return self._bench

    async def _open(self) -> Bench:
        plugins = load_plugins(self._path.parent)
        row = Row(id="0", index=0, columns=self._columns, origin=self._path.name)
        suite = load_suite(self._path, plugins, first_row=row)
        without = frozenset(one.name for one in suite.validators if asks_a_model(one))
        return await Bench.opened(suite, plugins, without=without)

    def _close(self) -> None:
        if self._bench is not None and self._loop is not None:
            with suppress(
                RuntimeError
            ):  # no thread can be started any more: its workers see us end
                self._wait(self._bench.close())
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        assert self._loop is not None, "opened before anything is judged"  # noqa: S101
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(MOST_S)
