"""The scripted server as a process of its own; `python -m sygra_eval.testing.endpoint` runs it."""

import argparse
import asyncio
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from sygra_eval.testing.audit import Event, line_of
from sygra_eval.testing.dialects import ChatBody
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.testing.faults import Chaos, chaos_of, hash_of
from sygra_eval.testing.replies import Reply, completion


@dataclass(frozen=True, slots=True)
class PureAnswers:
    """Answers that depend on the messages alone, so that a repeated call gets a repeated answer.

    :ivar table: Pairs of a pattern, searched in the messages' text, and the replies to choose from
        by the messages' hash. Where none fits, the reply names the hash.
    """

    table: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = ()

    @classmethod
    def read_from(cls, path: Path) -> Self:
        """Read a JSON object `{pattern: reply or list of replies}`."""
        loaded: dict[str, str | list[str]] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            tuple(
                (re.compile(pattern), (reply,) if isinstance(reply, str) else tuple(reply))
                for pattern, reply in loaded.items()
            )
        )

    def __call__(self, body: ChatBody) -> Reply:
        """Answer one chat."""
        text = "\n".join(str(message["content"]) for message in body["messages"])
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        for pattern, replies in self.table:
            if pattern.search(text):
                return completion(replies[int(digest, 16) % len(replies)])
        return completion(f"answer {digest[:16]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the process serves, and what it writes.

    :ivar log: Gets the hash of each request before it is answered.
    :ivar audit: Gets the events that `sygra_eval.testing.audit` reads.
    """

    port: int = 0
    latency_s: float = 0.0
    log: Path | None = None
    audit: Path | None = None
    answers: Path | None = None
    chaos: Chaos | None = None


async def serve(served: Served) -> None:
    """Serve until the process is stopped."""
    answer = PureAnswers.read_from(served.answers) if served.answers else PureAnswers()
    endpoint = ScriptedEndpoint(latency_s=served.latency_s)
    endpoint.is_keeping_requests = False
    endpoint.models = None
    endpoint.chaos = served.chaos
    with _appending(served.log) as lines, _appending(served.audit) as events:

        def logged(body: ChatBody) -> Reply:
            if lines is not None:
                lines.write(hash_of(body) + "\n")
            return answer(body)

        endpoint.answers_with(logged)
        endpoint.on_event = _writer(events)
        async with endpoint.serving(port=served.port):
            sys.stdout.write(endpoint.base_url + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


def _appending(path: Path | None) -> contextlib.AbstractContextManager[TextIO | None]:
    if path is None:
        return contextlib.nullcontext()
    return path.open("a", buffering=1, encoding="utf-8")


def _writer(events: TextIO | None) -> Callable[[Event], None]:
    def write(event: Event) -> None:
        if events is not None:
            events.write(line_of(event))

    return write


def main() -> None:
    """Run the server as a process; its first line of output is the base URL."""
    parser = argparse.ArgumentParser(description=main.__doc__, prog="sygra_eval.testing.endpoint")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that a chat takes")
    parser.add_argument("--log", type=Path, help="append the hash of each request here")
    parser.add_argument("--audit", type=Path, help="append begin, payment and end of each here")
    parser.add_argument("--answers", type=Path, help="JSON object {pattern: reply or list}")
    parser.add_argument("--faults", default="", help="names from the catalogue, with commas")
    parser.add_argument("--share", type=float, default=0.2, help="of the requests that meet one")
    parser.add_argument("--seed", type=int, default=0, help="which requests meet which fault")
    given = parser.parse_args()
    names = [name for name in given.faults.split(",") if name]
    try:
        chaos = chaos_of(names, share=given.share, seed=given.seed) if names else None
    except ValueError as error:
        parser.error(str(error))
    served = Served(
        port=given.port,
        latency_s=given.latency,
        log=given.log,
        audit=given.audit,
        answers=given.answers,
        chaos=chaos,
    )
    try:
        asyncio.run(serve(served))
    except KeyboardInterrupt:
        sys.exit(130)
