"""Exceptions that name what went wrong; each says what happened, where, why and what to do."""

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


class InfrastructureError(SygraEvalError):
    """Ours or the network's fault, never the candidate's: the record ends as `failed`."""


class CallFailed(InfrastructureError):
    """A model call gave no answer after its tries.

    :ivar kind: A stable word for reports: `rate_limited`, `timeout`, `refused_key`, `too_long`…
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class BadAnswer(InfrastructureError):
    """A plugin or server answered with something that is not of the agreed form."""


class Interrupted(SygraEvalError):
    """The run is draining: this record stops here, has no outcome and is taken up by `resume`."""
