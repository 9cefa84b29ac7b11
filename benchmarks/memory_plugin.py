"""What the memory benchmark's suites need: a validator that costs nothing, a model that echoes."""

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


class Echo:
    """Answers with what it is asked."""

    identity = label = endpoint = "echo"
    max_in_flight = 64

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    async def open(self) -> None:
        """Nothing to open."""

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Answer at once."""
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        text = request.messages[-1].content
        return ChatResponse(text=text, finish_reason="stop", usage=usage)

    async def close(self) -> None:
        """Nothing to close."""


async def says_something(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass where there is any text."""
    status = Status.PASS if candidate.text else Status.FAIL
    return Verdict(validator=ctx.validator.name, status=status, reason="as it stands")


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Offer the model."""
    register("echo", Echo)


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Offer the validator."""
    register("says_something", says_something)
