"""What a guardrail says of one prompt or one reply, and where that was."""

from dataclasses import dataclass
from enum import StrEnum

from sygra_eval.values.judging import Status, Verdict


class GuardAt(StrEnum):
    """What a guardrail looks at: what is about to be sent, or what came back."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardVerdict:
    """A guardrail's verdict on one call.

    :ivar verdict: Its `validator` is the guardrail's name.
    :ivar node: The call's place, as `solve/draft`; of a node's second visit `solve#2/draft`.
    :ivar visit: The round inside the node; `sample` the draft of that round.
    :ivar is_blocking: The suite says `on_fail: block`.
    """

    verdict: Verdict
    at: GuardAt
    node: str
    visit: int = 1
    sample: int = 0
    is_blocking: bool = False

    @property
    def has_blocked(self) -> bool:
        """Whether the record ended here as `rejected`."""
        return self.is_blocking and self.verdict.status is Status.FAIL

    @property
    def has_failed(self) -> bool:
        """Whether the record ended here as `failed`: nobody knows what would have been let in."""
        return self.is_blocking and self.verdict.status is Status.ERROR

    def told(self) -> str:
        """Say it in one line, as a row's reason."""
        place = f"{self.verdict.validator} at {self.at.value} of {self.node}"
        kind = "guardrail error" if self.verdict.status is Status.ERROR else "guardrail"
        return f"{kind} {place}: {self.verdict.reason}"
