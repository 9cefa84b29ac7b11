"""A prompt of ours as one of SyGra: the same text for the same values.

SyGra shows a list or a mapping as Python writes it, and takes names without dots alone. Where a
placeholder needs another text, a pre-processor puts it into the state of that one call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.data import BadImage, image_of
from sygra_eval.suite import Prompt, PromptPart, Template, escaped
from sygra_eval.sygra.exporting.names import PLAIN
from sygra_eval.sygra.exporting.parts import At, Making
from sygra_eval.values import ImageRef

_COLLECTED = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
"""What SyGra takes for variables of its state, wherever a prompt mentions them."""
LONE = re.compile(r"\{([^{}]+)\}")
"""The address of a picture that a variable holds."""
Messages = list[tuple[str, Template, tuple[PromptPart, ...]]]


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt as SyGra has it.

    :ivar texts: What a pre-processor puts in: a new variable, and where its value stands.
    :ivar rendering: The same for the conversation of a row: role, pieces of text and places.
    """

    messages: list[dict[str, Any]]
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
    """Return roles, templates and parts."""
    for message in prompt.messages:
        for part in message.parts:
            if part.is_image and (problem := _unshowable(part)):
                making.refuse((*at, *part.at), problem)
    return [(message.role, message.template, message.parts) for message in prompt.messages]


def _unshowable(part: PromptPart) -> str:
    names, text = part.template.names(), part.template.text
    if names and (part.is_path or not LONE.fullmatch(text.strip())):
        return f"`{text}`: SyGra shows what a variable holds, and puts no address together"
    if not names and not part.is_path and "{" in text:
        return f"`{text}`: SyGra would take this for a variable"
    return ""


def written(messages: Messages, names: Mapping[str, str], making: Making) -> Written:
    """Write messages.

    :param names: Variables of the state, by what the prompt calls them; others keep their names.
    """
    texts: dict[str, list[str]] = {}
    made: list[dict[str, Any]] = []
    rendering: list[list[Any]] = []
    for role, template, parts in messages:
        places: list[Any] = []
        if not parts:
            made.append({role: _text(template, names, making, texts, places)})
        else:
            content: list[dict[str, str]] = []
            for part in parts:
                if part.is_image:
                    address = _image(part, names, making, places)
                    content.append({"type": "image_url", "image_url": address})
                else:
                    text = _text(part.template, names, making, texts, places)
                    content.append({"type": "text", "text": text})
            made.append({role: content})
        rendering.append([role, places])
    return Written(made, texts, rendering)


def _text(
    template: Template,
    names: Mapping[str, str],
    making: Making,
    texts: dict[str, list[str]],
    places: list[Any],
) -> str:
    pieces: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            pieces.append(escaped(part))
            places.append(part)
            continue
        where = place_of(part.name, names)
        places.append(where)
        pieces.append(f"{{{_shown(where, texts, making)}}}")
    making.declared.update(_COLLECTED.findall("".join(pieces)))
    return "".join(pieces)


def _image(part: PromptPart, names: Mapping[str, str], making: Making, places: list[Any]) -> str:
    """Return where SyGra finds a picture: in a column of its own, or in the prompt itself."""
    lone = LONE.fullmatch(part.template.text.strip())
    if lone is None or part.is_path:
        places.append({"image": ""})
        text = part.template.text
        if not part.is_path or making.rules is None or part.template.names():
            return text
        try:
            ref = ImageRef(value=text, is_from_row=False, is_path=True)
            return image_of(ref, making.rules).address
        except BadImage as error:
            making.refuse((), str(error))
            return text
    variable, *inside = place_of(lone[1].strip(), names)
    shown = making.pictures.get(variable)
    if shown is None or inside:
        making.refuse((), f"`{lone[1]}` is shown as a picture, and is no column of the data")
        return f"{{{variable}}}"
    places.append({"image": shown})
    making.declared.add(shown)
    return f"{{{shown}}}"


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
