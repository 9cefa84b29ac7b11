"""`sygra_eval` is pytest for synthetic data: verified rows, and a report that can be traced.

What a plugin needs is offered here; a run is started with `sygra_eval.engine.run_suite` or on the
command line with `sygra-eval run SUITE`.
"""

from sygra_eval.hookspecs import (
    RegisterExecutor,
    RegisterModel,
    RegisterNode,
    RegisterReporter,
    RegisterSandbox,
    RegisterSource,
    RegisterValidator,
    hookimpl,
)
from sygra_eval.values import (
    CallContext,
    Candidate,
    ChatRequest,
    ChatResponse,
    Evidence,
    Message,
    Node,
    NodeContext,
    PrepareContext,
    Prepared,
    Problem,
    Row,
    Scope,
    State,
    Status,
    ValidatorContext,
    Verdict,
    classes_of,
    cosine,
    one_text,
    pair,
    score_of,
    vector_of,
)

__version__ = "0.1.0"

__all__ = [
    "CallContext",
    "Candidate",
    "ChatRequest",
    "ChatResponse",
    "Evidence",
    "Message",
    "Node",
    "NodeContext",
    "PrepareContext",
    "Prepared",
    "Problem",
    "RegisterExecutor",
    "RegisterModel",
    "RegisterNode",
    "RegisterReporter",
    "RegisterSandbox",
    "RegisterSource",
    "RegisterValidator",
    "Row",
    "Scope",
    "State",
    "Status",
    "ValidatorContext",
    "Verdict",
    "__version__",
    "classes_of",
    "cosine",
    "hookimpl",
    "one_text",
    "pair",
    "score_of",
    "vector_of",
]
