"""Runs one validator alone, in the sandbox that this host gives."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from sygra_eval.plugins import Plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.validators import candidate_of
from sygra_eval.values import Stage, ValidatorContext, ValidatorSpec, Verdict


@contextlib.asynccontextmanager
async def validator_runner(
    plugins: Plugins,
) -> AsyncIterator[Callable[..., Awaitable[Verdict]]]:
    """Start the sandbox and hand out `run(name, answer, *, config, stage, **columns)`."""
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    sandbox = await start_sandbox(providers, require=None, isolation=None, slots=2)

    async def run(
        name: str,
        answer: str,
        *,
        config: Mapping[str, object] | None = None,
        stage: Stage = Stage.FINAL,
        **columns: object,
    ) -> Verdict:
        registered = plugins.find("validators", name)
        keys = dict(config or {})
        parsed = registered.config.model_validate(keys) if registered.config is not None else keys
        entry_point = columns.get("entry_point")
        ctx = ValidatorContext(
            validator=ValidatorSpec(name=name, use=name, is_required=True, config=parsed),
            columns=columns,
            stage=stage,
            sandbox=sandbox,
        )
        named = entry_point if isinstance(entry_point, str) else None
        verdict: Verdict = await registered.implementation(candidate_of(answer, named), ctx)
        return verdict

    try:
        yield run
    finally:
        await sandbox.close()
