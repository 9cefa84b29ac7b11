"""Runs one validator alone, in the sandbox that this host gives; models answer from a script."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from sygra_eval.plugins import Plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    ChatResponse,
    Complete,
    Message,
    OnLength,
    PrepareContext,
    Prepared,
    Stage,
    Usage,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
    no_models,
)

Answers = Sequence[str] | Callable[[tuple[Message, ...]], str]
"""The replies in order, of which the last one repeats, or a function of what is asked."""


@contextlib.asynccontextmanager
async def validator_runner(
    plugins: Plugins,
) -> AsyncIterator[Callable[..., Awaitable[Verdict]]]:
    """Start the sandbox and hand out `run(name, answer, *, config, stage, answers, **columns)`."""
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    sandbox = await start_sandbox(providers, require=None, isolation=None, slots=2)

    async def run(
        name: str,
        answer: str,
        *,
        config: Mapping[str, object] | None = None,
        stage: Stage = Stage.FINAL,
        answers: Answers | None = None,
        **columns: object,
    ) -> Verdict:
        registered = plugins.find("validators", name)
        keys = dict(config or {})
        parsed = registered.config.model_validate(keys) if registered.config is not None else keys
        entry_point = columns.get("entry_point")
        spec = ValidatorSpec(name=name, use=name, is_required=True, config=parsed)
        complete = no_models if answers is None else scripted(answers)
        prepared = Prepared()
        if registered.prepare is not None:
            prepared = await registered.prepare(PrepareContext(validator=spec, complete=complete))
        ctx = ValidatorContext(
            validator=spec,
            columns=columns,
            stage=stage,
            sandbox=sandbox,
            row_id="row",
            complete=complete,
            prepared=prepared.value,
        )
        named = entry_point if isinstance(entry_point, str) else None
        verdict: Verdict = await registered.implementation(candidate_of(answer, named), ctx)
        return verdict

    try:
        yield run
    finally:
        await sandbox.close()


def scripted(answers: Answers) -> Complete:
    """Return a model that says what it is told to; nothing is journalled."""
    asked = 0

    async def complete(
        messages: tuple[Message, ...],
        *,
        model: str,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        del model, step, visit, sample, parameters, on_length
        nonlocal asked
        asked += 1
        text = answers(messages) if callable(answers) else answers[min(asked, len(answers)) - 1]
        usage = Usage(prompt_tokens=0, completion_tokens=len(text.split()))
        return ChatResponse(text=text, finish_reason="stop", usage=usage)

    return complete
