"""Models by the names that tasks use: what is known of each, and where it answers.

Facts come from four places, the later ones winning: the aliases that SyGra ships (their types and
parameters alone), the file of `SYGRA_CUSTOM_MODELS_PATH`, the environment (`SYGRA_<NAME>_URL`,
`_TOKEN`…), and the node's own `model` block. Start at `resolved`.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.sygra.completing import with_completions
from sygra_eval.sygra.media_kinds import MODEL_TYPE, Kind, kind_of
from sygra_eval.values import UsageError

_TABLE = Path(__file__).with_name("aliases.yaml")
_SPOKEN = ("openai", "azure_openai", "vllm", "ollama", "tgi", "triton", "mistralai", "azure")
"""Types whose servers answer OpenAI's chats, where they are given a URL."""

_BY_LITELLM = {"bedrock": "bedrock", "vertex_ai": "vertex_ai"}
_OF_CLOUD = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_region_name": "AWS_REGION_NAME",
    "vertex_project": "VERTEXAI_PROJECT",
    "vertex_location": "VERTEXAI_LOCATION",
    "vertex_credentials": "VERTEXAI_CREDENTIALS",
}
"""What these two need, and which variables litellm reads it from."""
_NOT_SENT = ("headers", "json_payload", "payload_key", "ssl_verify")
_PROXIES = ("claude_proxy", "gemini_proxy")
_TOKENS = ("auth_token", "token")
_SECRET = (
    *(*_TOKENS, "aws_secret_access_key", "vertex_credentials"),
    *("password", "oauth_client_secret"),
)
_WHERE = (
    *("model_type", "url", "model", "api_version", "model_serving_name", "completions_api"),
    *("hf_chat_template_model_id", "modify_tokenizer", "chat_template", "chat_template_params"),
    *("auth_token", "token"),
)
_OLLAMA = "http://localhost:11434"
CUSTOM = "SYGRA_CUSTOM_MODELS_PATH"
_USUAL = Path("studio", "config", "custom_models.yaml")
"""Where a checkout of SyGra has it, seen from the working directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A model of a task as an entry of a suite.

    :ivar entry: What `models: {NAME: ...}` says.
    :ivar needs: What it lacks to be asked, in words; empty where it lacks nothing.
    :ivar notes: What is otherwise than in SyGra.
    :ivar keys: Environment variables that have to be set for it, with their values.
    """

    entry: dict[str, Any]
    needs: str = ""
    notes: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


def catalogue(environ: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """Return what is known of each alias, without what is secret."""
    known: dict[str, dict[str, Any]] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    for name, facts in _custom(environ).items():
        known[str(name)] = {**known.get(str(name), {}), **(facts or {})}
    return known


def _custom(environ: Mapping[str, str]) -> Mapping[Any, Any]:
    """Return what the user's own file says of models.

    :raises UsageError: When it cannot be read, or is no mapping of mappings.
    """
    named = environ.get(CUSTOM)
    path = Path(named) if named else _USUAL
    if not named and not path.is_file():
        return {}
    try:
        theirs = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{CUSTOM}: {path} cannot be read: {error}") from error
    kinds = {type(one) for one in theirs.values()} if isinstance(theirs, dict) else {str}
    if kinds - {dict, type(None)}:
        raise UsageError(f"{CUSTOM}: {path}: a mapping by alias is needed, each with its facts")
    return theirs if isinstance(theirs, dict) else {}


def facts_of(
    name: str, block: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Return all that is known of a model, a node's own block included."""
    facts = deepcopy(catalogue(environ).get(name, {}))
    facts |= dict(_of_environment(name, environ))
    for key, value in block.items():
        if key == "name":
            continue
        before = facts.get(key)
        is_both = isinstance(before, dict) and isinstance(value, Mapping)
        facts[key] = before | dict(value) if is_both and before is not None else value
    return facts


def own_words(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node's block says of where its model is, and not only how it is asked."""
    return {key: block[key] for key in _WHERE if block.get(key) is not None}


def without_secrets(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node's block as a run may keep it."""
    return {key: value for key, value in block.items() if key not in _SECRET}


def resolved(
    name: str, environ: Mapping[str, str] = os.environ, own: Mapping[str, Any] | None = None
) -> Resolved:
    """Return a model as a suite has it.

    :param own: What a node's block says of where it is.
    """
    facts = facts_of(name, own or {}, environ)
    kind = str(facts.get("model_type", ""))
    parameters = facts.get("parameters") or {}
    entry: dict[str, Any] = {"parameters": parameters, "on_repetition": "keep"}
    if not facts:
        needs = (
            f"an entry in the file of {CUSTOM}: no alias of SyGra is called `{name}`, and its "
            "main.py would end with exit code 1"
        )
        return Resolved(entry=_unset(entry), needs=needs)
    url = _first(facts.get("url")) or (_OLLAMA if kind == "ollama" else "")
    if kind in _BY_LITELLM and not url:
        served = f"{_BY_LITELLM[kind]}/{facts.get('model', name)}"
        keys = {_OF_CLOUD[key]: str(facts[key]) for key in _OF_CLOUD if facts.get(key)}
        return Resolved(entry={**entry, "use": "litellm", "model": served}, keys=keys)
    if kind in _PROXIES and not url:
        needs = f"`model_type: openai`: `{kind}` is a proxy of SyGra's own"
        return Resolved(entry=_unset(entry), needs=needs)
    if not url:
        return Resolved(
            entry=_unset(entry),
            needs=f"SYGRA_{_variable(name)}_URL (or SYGRA_{_plain(name)}_URL), or "
            f"`--model {name}=URL#MODEL`",
        )
    has_own = any((own or {}).get(key) for key in _TOKENS)
    marks = hashlib.sha256(repr(sorted((own or {}).items())).encode()).hexdigest()[:6].upper()
    variable = f"SYGRA_{_plain(name)}_{marks}_TOKEN" if has_own else f"SYGRA_{_plain(name)}_TOKEN"
    return _served(name, kind, url, facts, entry, variable)


def as_media(made: Resolved, facts: Mapping[str, Any]) -> Resolved:
    """Return a model for what a node asks of it, where that is no chat."""
    kind = kind_of(facts)
    if kind is Kind.CHAT or made.needs:
        return made
    if made.entry.get("use") != "openai":
        need = f"an endpoint that speaks OpenAI's {kind.replace('_', ' ')}s"
        return replace(made, needs=f"{need}: give a URL and `model_type: openai`")
    kept = ("base_url", "model", "api_key_env", "parameters")
    entry = {key: made.entry[key] for key in kept if key in made.entry}
    most = (facts.get("image_capabilities") or {}).get("max_edit_images")
    if isinstance(most, int) and most > 0:
        entry["max_edit_images"] = most
    return replace(made, entry={"use": MODEL_TYPE, "kind": kind.value, **entry})


def _served(
    name: str,
    kind: str,
    url: str,
    facts: Mapping[str, Any],
    entry: dict[str, Any],
    variable: str,
) -> Resolved:
    model = str(facts.get("model") or facts.get("model_serving_name") or name)
    notes = []
    if isinstance(facts.get("url"), list) and len(facts["url"]) > 1:
        notes.append(f"of the {len(facts['url'])} URLs of `{name}` the first is asked")
    told = [key for key in _NOT_SENT if facts.get(key) not in (None, True, "", "True", "true")]
    notes += [f"`{key}` of `{name}` is not used" for key in told]
    if facts.get("ssl_cert"):
        entry["ca_file"] = str(Path(str(facts["ssl_cert"])).absolute())
    if kind not in _SPOKEN:
        notes.append(f"`{name}`: a `{kind}` with a URL is spoken to as to OpenAI")
    if kind == "azure_openai" and "azure.com" in url:
        entry |= {"use": "azure", "base_url": url, "deployment": model}
        entry |= {"api_version": str(facts.get("api_version", ""))}
    else:
        base = url.removesuffix("/chat/completions").rstrip("/")
        base = f"{base}/v1" if kind == "ollama" and not base.endswith("/v1") else base
        entry |= {"use": "openai", "base_url": base, "model": model.removeprefix("openai/")}
        words, told = with_completions(name, kind, facts)
        entry |= words
        notes += told
    keys = {}
    if (token := next((_first(facts[key]) for key in _TOKENS if facts.get(key)), "")) != "":
        entry["api_key_env"], keys[variable] = variable, str(token)
    return Resolved(entry=entry, notes=tuple(notes), keys=keys)


def _unset(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry that `--model` can take the place of."""
    return {**entry, "use": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "unset"}


def _of_environment(name: str, environ: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for prefix in dict.fromkeys((f"SYGRA_{_plain(name)}_", f"SYGRA_{_variable(name)}_")):
        for variable, value in environ.items():
            if not variable.startswith(prefix) or not value:
                continue
            suffix = variable.removeprefix(prefix)
            if suffix not in _SUFFIXES:
                continue  # of `gpt-4o-mini`, when `gpt-4o` is asked for
            key = "auth_token" if suffix in ("TOKEN", "AUTH_TOKEN") else suffix.lower()
            yield key, value.split("|") if "|" in value else value


_SUFFIXES = frozenset(
    {
        *("URL", "TOKEN", "AUTH_TOKEN", "MODEL", "MODEL_TYPE", "API_VERSION"),
        *("MODEL_SERVING_NAME", "VERTEX_PROJECT", "VERTEX_LOCATION", "VERTEX_CREDENTIALS"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME", "CHAT_TEMPLATE"),
    }
)


def _variable(name: str) -> str:
    return re.sub(r"\s+", "_", name.upper())


def _plain(name: str) -> str:
    """Return the name as a shell can set it."""
    return re.sub(r"[^A-Z0-9_]", "_", _variable(name))


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")
