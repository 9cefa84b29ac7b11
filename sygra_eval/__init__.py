"""`sygra_eval` is pytest for synthetic data: verified rows, and a report that can be traced.

What a plugin needs is offered here, and `run` with its kin, which start a run from a program as
`sygra-eval run SUITE` does on the command line (docs/python-api.md). Those are imported when they
are first used, since the engine takes a second.
"""

from typing import TYPE_CHECKING

from sygra_eval.hookspecs import (
    RegisterExecutor,
    RegisterMetric,
    RegisterModel,
    RegisterNode,
    RegisterReporter,
    RegisterSandbox,
    RegisterSource,
    RegisterTransform,
    RegisterValidator,
    hookimpl,
)
from sygra_eval.values import (
    CallContext,
    Candidate,
    ChatRequest,
    ChatResponse,
    DroppedRow,
    Evidence,
    MeasuredRow,
    Message,
    MetricError,
    NewRow,
    Node,
    NodeContext,
    PrepareContext,
    Prepared,
    Problem,
    Row,
    Scope,
    State,
    Status,
    TransformSpec,
    UnusableRow,
    ValidatorContext,
    Verdict,
    classes_of,
    cosine,
    one_text,
    pair,
    score_of,
    vector_of,
)

if TYPE_CHECKING:
    from sygra_eval.api import (
        FinishedRow,
        Handle,
        ReportContext,
        ReportOptions,
        ReportRow,
        RunInterrupted,
        RunNotPassed,
        RunResult,
        aresume,
        arun,
        astream,
        resume,
        run,
        stream,
    )
else:

    def __getattr__(name: str) -> object:
        if name not in _OF_THE_API:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module("sygra_eval.api"), name)


__version__ = "0.1.0"

_OF_THE_API = frozenset(
    {
        "FinishedRow",
        "Handle",
        "ReportContext",
        "ReportOptions",
        "ReportRow",
        "RunInterrupted",
        "RunNotPassed",
        "RunResult",
        "aresume",
        "arun",
        "astream",
        "resume",
        "run",
        "stream",
    }
)

__all__ = [
    "CallContext",
    "Candidate",
    "ChatRequest",
    "ChatResponse",
    "DroppedRow",
    "Evidence",
    "FinishedRow",
    "Handle",
    "MeasuredRow",
    "Message",
    "MetricError",
    "NewRow",
    "Node",
    "NodeContext",
    "PrepareContext",
    "Prepared",
    "Problem",
    "RegisterExecutor",
    "RegisterMetric",
    "RegisterModel",
    "RegisterNode",
    "RegisterReporter",
    "RegisterSandbox",
    "RegisterSource",
    "RegisterTransform",
    "RegisterValidator",
    "ReportContext",
    "ReportOptions",
    "ReportRow",
    "Row",
    "RunInterrupted",
    "RunNotPassed",
    "RunResult",
    "Scope",
    "State",
    "Status",
    "TransformSpec",
    "UnusableRow",
    "ValidatorContext",
    "Verdict",
    "__version__",
    "aresume",
    "arun",
    "astream",
    "classes_of",
    "cosine",
    "hookimpl",
    "one_text",
    "pair",
    "resume",
    "run",
    "score_of",
    "stream",
    "vector_of",
]
