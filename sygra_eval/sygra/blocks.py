"""The `model` blocks of a task's nodes: which models of our suite they mean.

A block names an alias, and may say itself where its model is. Then that is a model of its own
beside the alias, and what is secret in it goes into no file of a run.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.sygra.aliases import (
    Resolved,
    as_media,
    facts_of,
    own_words,
    resolved,
    without_secrets,
)
from sygra_eval.sygra.asking import ENTRY, entry_name
from sygra_eval.sygra.flat import Flat

_ASKING = ("llm", "agent", "multi_llm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A model that a node asks.

    :ivar node: Its name, with those of the graphs that it is inside of.
    :ivar alias: As the block has it; empty where it has none.
    :ivar entry: What it is called in our suite.
    """

    node: str
    alias: str = ""
    entry: str = ""
    made: Resolved | None = None


def used_models(
    flat: Flat, environ: Mapping[str, str], is_given: Callable[[str], bool]
) -> Iterator[Used]:
    """Yield what each node asks, once each; blocks lose what is secret in them.

    :param is_given: Says of an alias whether somebody put a model of theirs in its place.
    """
    seen: set[str] = set()
    for name, node in flat.nodes.items():
        several = node.get("models") if node["node_type"] == "multi_llm" else None
        for block in (several or {"": node.get("model")}).values():
            if not isinstance(block, dict) or not block.get("name"):
                if node["node_type"] in _ASKING:
                    yield Used(node=name)
                continue
            alias = str(block["name"])
            facts, words = facts_of(alias, block, environ), own_words(block)
            entry = entry_name(alias, facts)
            if words and not is_given(alias):
                block[ENTRY] = entry = f"{entry}.{digest_of(words)}"
            for secret in block.keys() - without_secrets(block).keys():
                del block[secret]
            if entry in seen:
                continue
            seen.add(entry)
            made = as_media(resolved(alias, environ, words), facts)
            yield Used(node=name, alias=alias, entry=entry, made=made)


def digest_of(words: Mapping[str, Any]) -> str:
    """Return what tells one block's model from another's."""
    text = json.dumps(words, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:6]
