"""The suite's models as SyGra's catalogue has them; keys are never written."""

from collections.abc import Mapping
from typing import Any

from sygra_eval.suite import Suite
from sygra_eval.sygra.exporting.names import plain_word
from sygra_eval.sygra.exporting.parts import Making
from sygra_eval.values import ModelSpec

NO_KEY = "no-key-needed"
_LITELLM = {"azure": "azure", "bedrock": "bedrock", "vertex_ai": "vertex_ai", "ollama": "ollama"}
_LIMITS = ("max_concurrency", "rpm", "tpm", "timeout", "price", "fallback", "mode", "batch")
_HANDLING = ("on_length", "on_too_long", "on_repetition")
_ASKING = ("ca_file", "stream", "json_mode", "context", "options", "token_env")


def catalogue_of(suite: Suite, making: Making) -> dict[str, dict[str, Any]]:
    """Return SyGra's entries by alias; an alias holds what a shell can name a variable with."""
    made: dict[str, dict[str, Any]] = {}
    for name, spec in suite.models.items():
        alias = plain_word(name)
        while alias in made:
            alias += "_2"
        making.aliases[name] = alias
        made[alias] = _entry(spec, alias, making)
        given = suite.document.get("models", {}).get(name, {})
        for key in (*_LIMITS, *_HANDLING, *_ASKING):
            if isinstance(given, Mapping) and key in given:
                making.leave_out(("models", name, key), f"`{name}`: SyGra has no `{key}`")
    return made


def _entry(spec: ModelSpec, alias: str, making: Making) -> dict[str, Any]:
    config = spec.config
    at = ("models", spec.name, "use")
    parameters = {"parameters": dict(spec.parameters)}
    key = getattr(config, "api_key_env", None) or getattr(config, "api_key_keyring", None)
    token = {} if key else {"auth_token": NO_KEY}
    match spec.use:
        case "openai" if getattr(config, "api", "chat") == "chat":
            url = {"url": getattr(config, "base_url", "")}
            model = f"openai/{getattr(config, 'model', '')}"
            return {"model_type": "openai", "model": model, **url, **token, **parameters}
        case "vllm" if getattr(config, "api", "chat") == "chat":
            url = {"url": getattr(config, "base_url", "")}
            model = str(getattr(config, "model", ""))
            served = {"model": model, "model_serving_name": model}
            return {"model_type": "vllm", **served, **url, **token, **parameters}
        case "ollama":
            url = {"url": getattr(config, "base_url", "")}
            model = str(getattr(config, "model", ""))
            return {"model_type": "ollama", "model": model, **url, **parameters}
        case "azure":
            url = {"url": getattr(config, "endpoint", None) or getattr(config, "base_url", "")}
            version = {"api_version": getattr(config, "api_version", None) or "2024-10-21"}
            model = str(getattr(config, "deployment", ""))
            return {"model_type": "azure_openai", "model": model, **url, **version, **parameters}
        case "litellm":
            provider, _, model = str(getattr(config, "model", "")).partition("/")
            if provider in _LITELLM:
                return {"model_type": _LITELLM[provider], "model": model, **parameters}
    making.leave_out(
        at,
        f"`{spec.name}` is of the type `{spec.use}`, which SyGra cannot ask: it needs a server",
        fix=f"set SYGRA_{alias.upper()}_URL and SYGRA_{alias.upper()}_TOKEN",
    )
    return {"model_type": "openai", "model": f"openai/{alias}", **parameters}
