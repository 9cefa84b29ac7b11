"""Exceptions that name what went wrong; each says what happened, where, why and what to do."""

from sygra_eval.values.chat import Allowances
from sygra_eval.values.diagnostics import Diagnostic


class SygraEvalError(Exception):
    """Anything this project raises on purpose."""


class UsageError(SygraEvalError):
    """The suite, a plugin or the command is wrong; nothing has been spent (exit code 4)."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class PluginError(UsageError):
    """A plugin cannot be loaded or clashes with another; the message names both sides."""


class SandboxUnavailable(UsageError):
    """The host does not grant the isolation that the suite asks for (exit code 4)."""


class ModelUnavailable(UsageError):
    """A model does not answer its preflight: unreachable, key refused, weights damaged."""


class KeyRefused(ModelUnavailable):
    """A model's key is not there, or its server does not take it."""


class ModelMissing(ModelUnavailable):
    """The server is there and serves no model of that name."""


class InfrastructureError(SygraEvalError):
    """Ours or the network's fault, never the candidate's: the record ends as `failed`."""


class CallFailed(InfrastructureError):
    """A model call gave no answer after its tries.

    :ivar kind: A stable word for reports: `rate_limited`, `timeout`, `refused_key`, `too_long`…
    :ivar message: What happened and where, without the kind.
    :ivar raw: The beginning of the reply that was of no use, without secrets.
    """

    def __init__(self, kind: str, message: str, *, raw: str = "") -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.raw = raw


class RetryLater(CallFailed):
    """One try of a model call failed in a way in which another may not.

    :ivar after_s: Seconds that the server asked to wait; None when it did not say.
    :ivar most_tries: How many failures of this kind end the call, where the usual is too many.
    :ivar is_at_once: The first retry needs no wait: a kept-alive connection had gone stale.
    :ivar allowances: What the endpoint said is left of its limits.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        after_s: float | None = None,
        most_tries: int | None = None,
        is_at_once: bool = False,
        allowances: Allowances | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(kind, message, raw=raw)
        self.after_s = after_s
        self.most_tries = most_tries
        self.is_at_once = is_at_once
        self.allowances = allowances


class EndpointLost(CallFailed):
    """An endpoint takes no calls any more: the run ends here, incomplete, and can be resumed.

    Its key is refused, its account is empty, it refuses whatever it is sent, or it has been down
    for too long. A record that meets this has no outcome.
    """


class BadAnswer(InfrastructureError):
    """A plugin or server answered with something that is not of the agreed form."""


class GuardrailBlocked(SygraEvalError):
    """A guardrail does not let a prompt out or a reply in: the record ends as `rejected`."""


class Interrupted(SygraEvalError):
    """The run is draining: this record stops here, has no outcome and is taken up by `resume`."""
