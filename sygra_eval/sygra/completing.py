"""Models that go on with a text instead of answering a chat: `completions_api`.

SyGra renders the chat by the template of a tokenizer of Hugging Face, and asks by chats where it
cannot have that. So do we, and say so. The template is read where it is: in a folder, in the hub's
cache on this machine, or in the environment (`modify_tokenizer`).
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.sygra.naming import found_file

SPOKEN = ("vllm", "ollama", "triton", "tgi", "azure")
"""Types that SyGra lets go on with a text; it refuses the others."""
_FILES = ("chat_template.jinja", "tokenizer_config.json")


def with_completions(
    name: str, kind: str, facts: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return what a model's entry says of it, and what is otherwise than asked for."""
    asked = facts.get("completions_api")
    if not asked or str(asked).lower() in ("false", "0"):
        return {}, []
    if kind not in SPOKEN:
        return {}, [f"`{name}`: `completions_api` is not for `{kind}`, so it is asked by chats"]
    notes = []
    if facts.get("chat_template_params"):
        notes.append(f"`{name}`: `chat_template_params` are not given to its template")
    place, why = _template(facts)
    if place is None:
        return {}, [f"`{name}`: {why}, so it is asked by chats, as SyGra does then"]
    return {"api": "completions", "chat_template": str(place)}, notes


def _template(facts: Mapping[str, Any]) -> tuple[Path | None, str]:
    model = str(facts.get("hf_chat_template_model_id") or "")
    if not model:
        return None, "`completions_api` without `hf_chat_template_model_id`"
    if facts.get("modify_tokenizer"):
        if text := str(facts.get("chat_template") or ""):
            return _kept(text), ""
        return None, "`modify_tokenizer` without its SYGRA_<NAME>_CHAT_TEMPLATE"
    folder = found_file(model)
    if folder.is_dir():
        return folder.absolute(), ""
    from huggingface_hub import try_to_load_from_cache  # seconds to import, and few models need it

    for file in _FILES:
        if isinstance(path := try_to_load_from_cache(model, file), str):
            return Path(path), ""
    return None, (
        f"the tokenizer of `{model}` is not on this machine (`hf download {model} "
        "tokenizer_config.json`, or name a folder)"
    )


def _kept(text: str) -> Path:
    """Return a file with a template, as a model's entry names one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sygra_eval" / "chat_templates"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.jinja"
    if not path.is_file():
        path.write_text(text, encoding="utf-8")
    return path
