"""A plugin for `benchmarks.journal`: a model that answers at once, and says so the first time.

It says so on standard error, as a line of JSON: the process's CPU so far, and the wall clock.
"""

import json
import sys
import time

from sygra_eval import RegisterModel, RegisterValidator, hookimpl
from sygra_eval.values import (
    Candidate,
    ChatRequest,
    ChatResponse,
    ModelSpec,
    Status,
    Usage,
    ValidatorContext,
    Verdict,
)

ANSWER = "A sentence about what was asked, of a length that answers have. " * 30
FIRST_ASKED = "first asked"


class Instant:
    """Says the same to everything."""

    identity = label = endpoint = "instant"
    max_in_flight = 64

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._was_asked = False

    async def open(self) -> None:
        """Nothing to open."""

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Answer, and say at the first time how long it took to come here."""
        if not self._was_asked:
            self._was_asked = True
            said = {"said": FIRST_ASKED, "cpu_s": time.process_time(), "at": time.time()}
            print(json.dumps(said), file=sys.stderr, flush=True)
        usage = Usage(prompt_tokens=len(request.messages), completion_tokens=300)
        return ChatResponse(text=ANSWER, finish_reason="stop", usage=usage)

    async def close(self) -> None:
        """Nothing to close."""


async def instantly(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass every candidate."""
    del candidate
    return Verdict(validator=ctx.validator.name, status=Status.PASS, reason="it is said so")


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Register the model."""
    register("instant", Instant)


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Register the validator."""
    register("instantly", instantly)
