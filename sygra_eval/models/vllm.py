"""Model type `vllm`: a vLLM server of one's own.

What only vLLM knows (`structured_outputs`, `top_k`, `chat_template_kwargs`…) is written among the
`parameters` as it is, or under `extra_body`. Messages go out in the order of the prompt, so that
calls with the same beginning share vLLM's cached prefix.
"""

import time
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sygra_eval.models.openai import OpenAIConfig, SpokenModel, template_in
from sygra_eval.models.served import entries_in, names_in
from sygra_eval.models.texts import batch_size_in
from sygra_eval.values import ModelMissing, ModelSpec

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport


class VllmConfig(OpenAIConfig):
    """The keys of a model with `use: vllm`; `model` is the served name."""


class VllmModel(SpokenModel):
    """One served name of one vLLM server."""

    kind = "vllm"

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = VllmConfig.model_validate(spec.config)
        self.api = config.api
        self.takes_images = config.takes_images
        self.template = template_in(config, spec)
        self.labels, self.batch_size = config.labels, batch_size_in(config)
        super().__init__(
            spec, config, base_url=config.base_url, model=config.model, wall_clock=wall_clock
        )

    async def look_around(self, transport: "Transport", *, timeout_s: float) -> tuple[str, ...]:
        """Ask for the served names; vLLM lists all that it answers to, so a miss is final."""
        reply = await transport.get("models", timeout_s=timeout_s)
        self.refuse_bad_doors(reply)
        served = names_in(reply)
        if reply.status == 200 and served and self.model not in served:
            known = ", ".join(f"`{name}`" for name in sorted(served))
            near = get_close_matches(self.model, served, n=1)
            advice = f"write `model: {near[0] if near else min(served)}`"
            raise ModelMissing(
                f"{self.base_url} serves {known} and not `{self.model}`: {advice}, or start vLLM "
                f"with `--served-model-name {self.model}`"
            )
        if reply.status != 200:
            return (f"{self.base_url} answered {reply.status} when asked for its models",)
        return ()

    async def context_tokens(self, transport: "Transport", *, timeout_s: float) -> int | None:
        """Return the `max_model_len` of its list, which vLLM has beside OpenAI's keys."""
        reply = await transport.get("models", timeout_s=timeout_s)
        return next(
            (
                one["max_model_len"]
                for one in entries_in(reply)
                if one.get("id") == self.model and isinstance(one.get("max_model_len"), int)
            ),
            None,
        )
