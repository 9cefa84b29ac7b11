"""Forms of model types: a JSON Schema each, made of what the code itself validates.

The own keys of a type are those of its config model, so a plugin's type gets a form like ours; the
words are those of its docstring (`:ivar key: …`). The keys that all models have follow. What comes
out is a small dialect that `ui/src/parts/SchemaForm.tsx` draws: no references, no `null` branches;
`x-advanced` folds a field away. Start at `model_types`.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.plugins import Plugins, Registered
from sygra_eval.suite import suite_schema

Schema = dict[str, Any]
MOST_DEPTH = 8
_IVAR = re.compile(r":ivar (\w+):((?:.|\n)*?)(?=\n\s*:|\n\s*\n|\Z)")
_TYPE_KEY = "use"

_TITLES = {
    "api": "API",
    "api_key_env": "Key: environment variable",
    "api_key_keyring": "Key: keyring entry",
    "api_version": "API version",
    "base_url": "Base URL",
    "ca_file": "Authorities (PEM file)",
    "json_mode": "JSON mode",
    "max_concurrency": "Calls in flight",
    "rpm": "Requests per minute",
    "tpm": "Tokens per minute",
    "timeout": "Seconds a try may take",
    "token_env": "Entra ID token: environment variable",
    "on_length": "Answer cut at its limit",
    "on_too_long": "Prompt that does not fit",
    "on_repetition": "Endless repetition",
}
_COMMON_TOLD = {
    "parameters": "Sent with each request, as the server knows them.",
    "max_concurrency": "Else the gate begins with 8 and finds out.",
    "price": "US dollars per million tokens. Without it a budget in money cannot be kept.",
    "fallback": "Who answers when this model does not.",
    "mode": "Batches cost half and are answered within a day.",
    "batch": "How calls are gathered, with mode: batch.",
}
_COMMON_IN_SIGHT = ("parameters", "price", "max_concurrency", "rpm", "tpm")
_OWN_IN_SIGHT = frozenset(
    {"base_url", "endpoint", "model", "deployment", "api_version", "api_key_env", "context", "run"}
)
SAMPLING: Schema = {
    # What OpenAI's protocol knows, with its ranges; a server may know less. Others go below.
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "max_tokens": {"type": "integer", "minimum": 1, "title": "Max tokens"},
    "seed": {"type": "integer"},
    "stop": {"type": "array", "items": {"type": "string"}},
    "max_completion_tokens": {"type": "integer", "minimum": 1, "x-advanced": True},
    "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2, "x-advanced": True},
    "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2, "x-advanced": True},
    "reasoning_effort": {
        "type": "string",
        "enum": ["none", "minimal", "low", "medium", "high"],
        "x-advanced": True,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One choice of the page: a registered type, and what a new model of it begins with.

    :ivar key: The variable that its key is usually in; empty where none is usual.
    :ivar lists: Whether it can be asked which models it has.
    """

    id: str
    use: str
    title: str
    about: str
    begins_with: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    lists: bool = False
    in_sight: frozenset[str] = _OWN_IN_SIGHT


_HIDDEN_URL = _OWN_IN_SIGHT - {"base_url"}
PROVIDERS = (
    Provider(
        id="openai",
        use="openai",
        title="OpenAI",
        about="OpenAI's own service.",
        begins_with={"base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY"},
        key="OPENAI_API_KEY",
        lists=True,
        in_sight=_HIDDEN_URL,
    ),
    Provider(
        id="azure",
        use="azure",
        title="Azure OpenAI",
        about="A deployment of an Azure OpenAI resource.",
        begins_with={"api_key_env": "AZURE_OPENAI_API_KEY"},
        key="AZURE_OPENAI_API_KEY",
        in_sight=_HIDDEN_URL,  # `endpoint` is the same
    ),
    Provider(
        id="ollama",
        use="ollama",
        title="Ollama",
        about="A model that an Ollama server has pulled.",
        begins_with={"base_url": "http://127.0.0.1:11434"},
        lists=True,
        in_sight=_OWN_IN_SIGHT - {"api_key_env"},
    ),
    Provider(
        id="vllm",
        use="vllm",
        title="vLLM",
        about="A vLLM server of your own.",
        begins_with={"base_url": "http://127.0.0.1:8000/v1"},
        lists=True,
    ),
    Provider(
        id="compatible",
        use="openai",
        title="OpenAI-compatible",
        about="Any server that speaks OpenAI's chat completions: llama.cpp, LM Studio, gateways.",
        lists=True,
    ),
    Provider(
        id="litellm",
        use="litellm",
        title="Other provider",
        about="Anthropic, Gemini, Bedrock and all others that litellm knows.",
    ),
    Provider(
        id="embedded",
        use="embedded",
        title="Embedded",
        about="A small model inside the run itself: offline, no key.",
    ),
    Provider(
        id="replay",
        use="replay",
        title="Replay",
        about="The recorded answers of an earlier run: nothing is asked, nothing is paid.",
    ),
    Provider(
        id="sygra_media",
        use="sygra_media",
        title="Pictures and sound",
        about="Models that make pictures or sound, or write down what is said.",
    ),
)


def model_types(plugins: Plugins) -> list[dict[str, Any]]:
    """Return the choices with their forms: ours in their order, then those of plugins."""
    by_use = _schemas(plugins)
    told = [_told(one, by_use, plugins) for one in PROVIDERS if one.use in by_use]
    ours = {one.use for one in PROVIDERS}
    for use in sorted(by_use.keys() - ours):
        registered = plugins.of("models")[use]
        about = _first_sentence(inspect.getdoc(registered.config or registered.implementation))
        begins = Provider(id=use, use=use, title=use.replace("_", " "), about=about)
        told.append(_told(begins, by_use, plugins) | {"plugin": registered.plugin})
    return told


def provider_of(entry: Mapping[str, Any]) -> str:
    """Return which choice an entry was made by, as far as that can be seen."""
    use = str(entry.get(_TYPE_KEY, ""))
    if use == "openai" and "api.openai.com" not in str(entry.get("base_url", "")):
        return "compatible"
    return use


def _told(provider: Provider, by_use: Mapping[str, Schema], plugins: Plugins) -> dict[str, Any]:
    registered = plugins.of("models")[provider.use]
    is_ours = provider in PROVIDERS
    return {
        "id": provider.id,
        "use": provider.use,
        "title": provider.title,
        "about": provider.about,
        "plugin": "",
        "begins_with": dict(provider.begins_with),
        "key": provider.key,
        "lists": provider.lists,
        "form": _form(by_use[provider.use], registered, provider if is_ours else None),
    }


def _schemas(plugins: Plugins) -> dict[str, Schema]:
    """Return the published schema of each type, with its references written out."""
    published = suite_schema(plugins)
    definitions = published["$defs"]
    branches = definitions["ModelSection"].get("oneOf", ())
    return {
        str(branch["properties"][_TYPE_KEY]["const"]): branch | {"$defs": definitions}
        for branch in branches
    }


def _form(branch: Schema, registered: Registered, provider: Provider | None) -> Schema:
    own, told = _own_keys(registered), _told_in(registered.config)
    required = [name for name in branch.get("required", ()) if name != _TYPE_KEY]
    if "endpoint" in own:
        required.append("endpoint")  # of two names for one thing the form has one
    properties: Schema = {}
    for name in _in_order(own, required, branch["properties"]):
        schema = _plain(branch["properties"][name], branch["$defs"])
        schema["title"] = _title(name)
        text = told.get(name) or (_COMMON_TOLD.get(name) if name not in own else None)
        if text:
            schema["description"] = text
        if name == "parameters" and name not in own:
            schema |= {"properties": _sampling(), "additionalProperties": True}
        if name == "price" and name not in own:
            schema = _price(schema)
        if not _is_in_sight(name, own, required, provider):
            schema["x-advanced"] = True
        if schema.get("default", ...) is None:
            del schema["default"]
        properties[name] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": list(dict.fromkeys(required)),
        "additionalProperties": bool(branch.get("additionalProperties", True)),
    }


def _is_in_sight(
    name: str, own: frozenset[str], required: list[str], provider: Provider | None
) -> bool:
    if name not in own:
        return name in _COMMON_IN_SIGHT
    if provider is None:
        return True
    return name in provider.in_sight or (name in required and name not in provider.begins_with)


def _in_order(own: frozenset[str], required: list[str], properties: Schema) -> Iterator[str]:
    """Yield own keys first, those that have to be there before the others; then common ones."""
    first = [name for name in _ORDER if name in own]
    first += [name for name in properties if name in own and name in required]
    first += [name for name in properties if name in own and name.startswith("api_key")]
    first += [name for name in properties if name in own]
    first += _COMMON_IN_SIGHT
    names = (*first, *properties)
    yield from dict.fromkeys(n for n in names if n != _TYPE_KEY and n in properties)


_ORDER = ("endpoint", "base_url", "deployment", "api_version", "api_key_env", "model")


def _own_keys(registered: Registered) -> frozenset[str]:
    fields = getattr(registered.config, "model_fields", None)
    if isinstance(fields, Mapping):
        return frozenset(str(one.alias or name) for name, one in fields.items())
    hints = getattr(registered.config, "__annotations__", {})
    return frozenset(hints)


def _told_in(config: type[Any] | None) -> dict[str, str]:
    """Return what docstrings say of keys, those of a class before those of its bases."""
    told: dict[str, str] = {}
    for base in getattr(config, "__mro__", ()):
        for name, text in _IVAR.findall(base.__doc__ or ""):
            told.setdefault(name, " ".join(text.split()))
    return told


def _plain(schema: Any, definitions: Mapping[str, Any], depth: int = 0) -> Schema:
    """Write references out and take `null` out; what goes too deep may be anything."""
    if not isinstance(schema, Mapping) or depth > MOST_DEPTH:
        return {}
    if "$ref" in schema:
        target = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        beside = {key: one for key, one in schema.items() if key != "$ref"}
        return _plain({**target, **beside}, definitions, depth + 1)
    plain = {key: one for key, one in schema.items() if key in _KEPT}
    choices = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
    choices = [_plain(one, definitions, depth + 1) for one in choices]
    choices = [one for one in choices if one.get("type") != "null"]
    if choices and all(one.keys() == {"type", "enum"} for one in choices):
        words = [word for one in choices for word in one["enum"]]
        choices = [{"type": "string", "enum": words}]
    if len(choices) == 1:
        return {**choices[0], **plain}
    if choices:
        kinds = (_KINDS.get(str(one.get("type")), "Other") for one in choices)
        plain["oneOf"] = [{**one, "title": kind} for one, kind in zip(choices, kinds, strict=True)]
    if "properties" in schema:
        plain["properties"] = {
            name: {"title": _title(name)} | _plain(one, definitions, depth + 1)
            for name, one in schema["properties"].items()
        }
        for inner in plain["properties"].values():
            if inner.get("default", ...) is None:
                del inner["default"]
    if "items" in schema:
        plain["items"] = _plain(schema["items"], definitions, depth + 1)
    if "additionalProperties" in schema:
        plain["additionalProperties"] = bool(schema["additionalProperties"])
    return plain


_KINDS = {"string": "A name", "array": "A list", "object": "In detail", "number": "A number"}
_KEPT = frozenset(
    {
        "type",
        "title",
        "description",
        "default",
        "enum",
        "const",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "required",
    }
)


def _sampling() -> Schema:
    return {name: {"title": _title(name), **one} for name, one in SAMPLING.items()}


def _price(schema: Schema) -> Schema:
    """Tell the three ways to say a price apart."""
    figures: Schema = next(
        (one for one in schema.get("oneOf", ()) if one.get("type") == "object"), {}
    )
    for name, one in figures.get("properties", {}).items():
        if name not in ("input", "output"):
            one["x-advanced"] = True
    return {
        "title": _title("price"),
        "description": _COMMON_TOLD["price"],
        "oneOf": [
            {**figures, "title": "Figures"},
            {"const": "free", "title": "Free"},
            {
                "type": "string",
                "minLength": 1,
                "title": "As published",
                "description": "A name of litellm's price map, as gpt-4o-mini.",
            },
        ],
    }


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def _first_sentence(text: str | None) -> str:
    return (text or "").partition("\n\n")[0].replace("\n", " ").strip()
