"""A prompt of ours as one of SyGra: the same text for the same values.

SyGra shows a list or a mapping as Python writes it, and takes names without dots alone. Where a
placeholder needs another text, a pre-processor puts it into the state of that one call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.suite import Prompt, Template, escaped
from sygra_eval.sygra.exporting.names import PLAIN
from sygra_eval.sygra.exporting.parts import At, Making

_COLLECTED = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
"""What SyGra takes for variables of its state, wherever a prompt mentions them."""
Messages = list[tuple[str, Template]]


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt as SyGra has it.

    :ivar texts: What a pre-processor puts in: a new variable, and where its value stands.
    :ivar rendering: The same for the conversation of a row: role, pieces of text and places.
    """

    messages: list[dict[str, str]]
    texts: dict[str, list[str]]
    rendering: list[list[Any]]

    def keys(self, making: Making, node: str) -> dict[str, Any]:
        """Return what stands in the node beside its model."""
        if not self.texts:
            return {"prompt": self.messages}
        name = making.names.one_class("Texts", node)
        making.carried.put("texts", name, self.texts)
        making.carried.classes.append(
            f"class {name}(NodePreProcessor):\n"
            f"    def apply(self, state):\n"
            f'        return with_texts(SUITE["texts"]["{name}"], state)\n'
        )
        return {"pre_process": making.path_of(name), "prompt": self.messages}


def messages_of(prompt: Prompt, making: Making, at: At) -> Messages:
    """Return roles and templates; images have no equivalent here."""
    if any(message.parts for message in prompt.messages):
        making.refuse(at, "a prompt with images is not exported")
    return [(message.role, message.template) for message in prompt.messages]


def written(messages: Messages, names: Mapping[str, str], making: Making) -> Written:
    """Write messages.

    :param names: Variables of the state, by what the prompt calls them; others keep their names.
    """
    texts: dict[str, list[str]] = {}
    made: list[dict[str, str]] = []
    rendering: list[list[Any]] = []
    for role, template in messages:
        pieces: list[str] = []
        places: list[Any] = []
        for part in template.parts:
            if isinstance(part, str):
                pieces.append(escaped(part))
                places.append(part)
                continue
            where = place_of(part.name, names)
            places.append(where)
            pieces.append(f"{{{_shown(where, texts, making)}}}")
        made.append({role: "".join(pieces)})
        rendering.append([role, places])
        making.declared.update(_COLLECTED.findall("".join(pieces)))
    return Written(made, texts, rendering)


def place_of(name: str, names: Mapping[str, str]) -> list[str]:
    """Return the variable that a placeholder names, and the keys inside it."""
    if name in names or "." not in name:
        return [names.get(name, name)]
    variable, *keys = name.split(".")
    return [names.get(variable, variable), *keys]


def _shown(where: list[str], texts: dict[str, list[str]], making: Making) -> str:
    if len(where) == 1 and where[0] in making.plain and PLAIN.fullmatch(where[0]):
        return where[0]
    for name, known in texts.items():
        if known == where:
            return name
    name = making.names.variable(f"{'_'.join(where)}_text")
    texts[name] = where
    return name
