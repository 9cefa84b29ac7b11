"""Model type `azure`: a deployment of Azure OpenAI.

With `api_version` the calls go to the deployment's own address, without it to the `v1` API, where
the deployment is the model's name. The key travels in the header `api-key`, a token of Entra ID as
a bearer; such a token is read once and ends after an hour or so, which a long run will notice.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from sygra_eval.models.batch_wire import BatchPaths
from sygra_eval.models.keys import VARIABLE, KeySource, source_of
from sygra_eval.models.openai import SpokenModel
from sygra_eval.models.replies import RawReply
from sygra_eval.models.served import ServedConfig, address_in
from sygra_eval.models.texts import BatchSize, batch_size_in, refuse_misplaced, task_of_api
from sygra_eval.values import ModelSpec, ModelUnavailable, Task

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport


class AzureConfig(ServedConfig):
    """The keys of a model with `use: azure`.

    :ivar endpoint: As the portal shows it: `https://NAME.openai.azure.com`; `base_url` is the same.
    :ivar deployment: The name that the model was deployed under.
    :ivar api_version: As in `2024-10-21`; without it the `v1` API is spoken, which needs none.
    :ivar token_env: Environment variable with a token of Entra ID, instead of `api_key_env`.
    """

    endpoint: str | None = None
    base_url: str | None = None
    deployment: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    api_version: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+$")
    token_env: str | None = Field(default=None, pattern=VARIABLE)
    api: Literal["chat", "responses", "embeddings"] = "chat"
    batch_size: BatchSize = None

    @field_validator("endpoint", "base_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        return address_in(url).removesuffix("/v1").removesuffix("/openai")

    @model_validator(mode="after")
    def _is_one_of_each(self) -> Self:
        if (self.endpoint is None) == (self.base_url is None):
            raise ValueError("name the resource's address once: `endpoint` or `base_url`")
        if (self.api_key_env or self.api_key_keyring) and self.token_env:
            raise ValueError("name a key or a token: `api_key_env` or `token_env`")
        if self.api == "responses" and self.api_version:
            raise ValueError("`api: responses` is spoken by the v1 API: take `api_version` out")
        refuse_misplaced(self)
        return self

    @property
    def task(self) -> Task:
        """What the model does."""
        return task_of_api(self.api)


class AzureModel(SpokenModel):
    """One deployment of one Azure resource."""

    kind = "azure"
    can_batch = True
    is_named_as_served = False

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = AzureConfig.model_validate(spec.config)
        self.api = config.api
        self.config = config
        self.batch_size = batch_size_in(config)
        super().__init__(
            spec,
            config,
            base_url=config.endpoint or config.base_url or "",
            model=config.deployment,
            wall_clock=wall_clock,
        )

    @property
    def key_source(self) -> KeySource | None:
        """Where the key or the token is."""
        return source_of(self.config.token_env) or super().key_source

    def headers_with(self, key: str) -> Mapping[str, str]:
        """Return the header that carries the key, or the token."""
        return super().headers_with(key) if self.config.token_env else {"api-key": key}

    @property
    def chat_path(self) -> str:
        """The deployment's own address, or that of the `v1` API."""
        if self.config.api_version is None:
            return f"openai/v1/{super().chat_path}"
        version = f"api-version={self.config.api_version}"
        return f"openai/deployments/{self.model}/{super().chat_path}?{version}"

    @property
    def batch_paths(self) -> BatchPaths:
        """Those of the resource; its lines name addresses without the version."""
        version = self.config.api_version
        url = "/v1/responses" if self.api == "responses" else "/chat/completions"
        root = "openai/v1" if version is None else "openai"
        query = "" if version is None else f"?api-version={version}"
        return BatchPaths(url=url, files=f"{root}/files", batches=f"{root}/batches", query=query)

    async def look_around(self, transport: "Transport", *, timeout_s: float) -> tuple[str, ...]:
        """See whether the key is taken; a resource lists base models and not its deployments."""
        version = self.config.api_version
        path = "openai/v1/models" if version is None else f"openai/models?api-version={version}"
        reply = await transport.get(path, timeout_s=timeout_s)
        self.refuse_bad_doors(reply)
        if version is not None and reply.status in (400, 404) and _blames_version(reply):
            raise ModelUnavailable(
                f"{self.base_url} does not know the API version `{version}`: {reply.head()}; "
                "write one that Azure lists in `api_version`, or take it out for the v1 API"
            )
        if reply.status == 429 or reply.status >= 500:
            return (f"{self.base_url} answered {reply.status} when asked for its models",)
        return ()


def _blames_version(reply: RawReply) -> bool:
    """Say whether a refusal is of the version: Azure names it, or says that nothing is there."""
    said = reply.head().lower().replace("-", " ").replace("apiversion", "api version")
    return "api version" in said or "resource not found" in said
