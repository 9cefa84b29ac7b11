"""Messages of a prompt that are more than text: `{user: [{type: text, ...}, {type: image_url}]}`.

The form is that of OpenAI's chats, as SyGra takes it. An image is `"{column}"`, an address, or
`{path: pictures/one.png}` beside the suite; a column that holds a list becomes an image an item.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from sygra_eval.suite.template import Template
from sygra_eval.values import ImageRef, Part, TextPart

IMAGE_FORMS = '`"{column}"`, an address, or `{path: FILE}`'


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A text or an image of a message.

    :ivar at: Where in the message its template stands.
    """

    template: Template
    at: tuple[str | int, ...]
    is_image: bool = False
    is_path: bool = False

    def render(self, variables: Mapping[str, object]) -> Iterator[Part]:
        """Yield what it becomes for a record: an image for each item of a list."""
        if not self.is_image:
            yield TextPart(self.template.render(variables))
            return
        is_from_row = next(self.template.placeholders(), None) is not None
        for value in self._values(variables):
            yield ImageRef(value=value, is_from_row=is_from_row, is_path=self.is_path)

    def _values(self, variables: Mapping[str, object]) -> Iterator[object]:
        """Yield what stands in the place: a lone placeholder's value as it is."""
        value: object = self.template.only_value(variables)
        if self.is_path or not isinstance(value, list):
            yield value
        else:
            yield from value


def parsed_parts(content: list[object], at: tuple[str | int, ...]) -> tuple[PromptPart, ...]:
    """Read the parts of a message.

    :param at: Where the message stands in its prompt.
    :raises PydanticCustomError: When one is of no known form.
    """
    if not content:
        raise _wrong("a message of parts needs at least one", at)
    return tuple(_part(part, (*at, index)) for index, part in enumerate(content))


def _part(part: object, at: tuple[str | int, ...]) -> PromptPart:
    match part:
        case {"type": "text", "text": str(text), **rest} if not rest:
            return PromptPart(Template.parse(text), (*at, "text"))
        case {"type": "image_url", "image_url": str(image), **rest} if not rest:
            return PromptPart(Template.parse(image), (*at, "image_url"), is_image=True)
        case {"type": "image_url", "image_url": {"path": str(path), **more}, **rest} if not (
            rest or more
        ):
            where = (*at, "image_url", "path")
            return PromptPart(Template.parse(path), where, is_image=True, is_path=True)
        case {"type": "image_url", "image_url": {"url": str(url), **more}, **rest} if not (
            rest or more
        ):
            return PromptPart(Template.parse(url), (*at, "image_url", "url"), is_image=True)
        case {"type": "audio_url", **_rest}:
            raise _wrong("audio is not supported by this version", at)
        case {"type": "image_url", **_rest}:
            raise _wrong(f"`image_url` is {IMAGE_FORMS}", at)
    raise _wrong("a part is `{type: text, text: ...}` or `{type: image_url, image_url: ...}`", at)


def part_as_data(part: PromptPart) -> dict[str, object]:
    """Return a part as a suite writes it."""
    if not part.is_image:
        return {"type": "text", "text": part.template.text}
    text = part.template.text
    return {"type": "image_url", "image_url": {"path": text} if part.is_path else text}


def _wrong(message: str, at: tuple[str | int, ...]) -> PydanticCustomError:
    return PydanticCustomError("wrong-type", "{message}", {"message": message, "at": at})
