"""Calls beside chat: texts for which a model makes vectors, classes, scores or rewards.

They go the way of chats, so gate, price, budget, journal, cache and replay are the same for them: a
text is a `Message` with a role of its own, what came of it is the text of a `ChatResponse`, and
several texts in one request are several messages, whose further answers stand in `others`. Here is
how values are written as that text, and read from it.
"""

import base64
import binascii
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sygra_eval.values.chat import ChatResponse, Message
from sygra_eval.values.errors import BadAnswer

TEXT, TEXT_1, TEXT_2 = "text", "text_1", "text_2"
_OF_TEXTS = frozenset({TEXT, TEXT_1, TEXT_2})
_BYTES_OF_A_NUMBER = 4
_DIGITS = 9  # with so many a 32-bit number is read back as itself


class Task(StrEnum):
    """What a model does with what it is asked; `ANY` is one that answers from a record."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    CLASSIFY = "classify"
    SCORE = "score"
    REWARD = "reward"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Classes:
    """What a classifier says of a text.

    :ivar label: The likeliest class; its number where nobody named it.
    :ivar probabilities: Of all classes, in the model's order.
    :ivar names: Of the classes in the same order; empty where a class has no known name.
    """

    label: str
    probabilities: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def probability(self) -> float:
        """Of the likeliest class."""
        return max(self.probabilities)

    def of(self, name: str) -> float | None:
        """Return the probability of a class; None where no class is known by this name.

        A server may name the likeliest alone, and none of the others is then taken for it: a name
        that is misspelt would be the class that it must not be.
        """
        if name not in self.names:
            return None
        return self.probabilities[self.names.index(name)]


def task_of(model: object) -> Task:
    """Return what a model is for, by its attribute `task`; one that says nothing answers chats."""
    task = getattr(model, "task", Task.CHAT)
    return task if isinstance(task, Task) else Task(task)


def one_text(text: str) -> tuple[Message, ...]:
    """Return what is asked of a model that takes one text."""
    return (Message(TEXT, text),)


def pair(first: str, second: str) -> tuple[Message, ...]:
    """Return what is asked of a model that compares two texts."""
    return Message(TEXT_1, first), Message(TEXT_2, second)


def is_chat(messages: Sequence[Message]) -> bool:
    """Say whether these are the turns of a conversation, and not texts; no request has both."""
    return not messages or messages[0].role not in _OF_TEXTS


def finite(value: object) -> float | None:
    """Return a number as one that can be compared; None for what is none, or has no end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON knows whole numbers of any length
        return None
    return number if math.isfinite(number) else None


def vector_text(numbers: Sequence[float]) -> str:
    """Write a vector: 32-bit numbers, the low byte first, in base64.

    :raises ValueError: When one of them is none that 32 bits can hold.
    """
    try:
        packed = struct.pack(f"<{len(numbers)}f", *numbers)
    except (struct.error, OverflowError) as error:
        raise ValueError("not all of it are numbers that 32 bits can hold") from error
    if not all(map(math.isfinite, struct.unpack(f"<{len(numbers)}f", packed))):
        raise ValueError("not all of it are finite numbers")
    return base64.b64encode(packed).decode()


def numbers_in(text: str) -> tuple[float, ...]:
    """Read a vector that is written as `vector_text` does.

    :raises ValueError: When it is none.
    """
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("no base64") from error
    if not packed or len(packed) % _BYTES_OF_A_NUMBER:
        raise ValueError(f"{len(packed)} bytes, which are no whole 32-bit numbers")
    numbers = struct.unpack(f"<{len(packed) // _BYTES_OF_A_NUMBER}f", packed)
    if not all(map(math.isfinite, numbers)):
        raise ValueError("not all of it are finite numbers")
    return numbers


def vector_of(response: ChatResponse) -> tuple[float, ...]:
    """Return the vector that a model made.

    Of each number there are nine digits: enough for its 32 bits, and half as long in a file.

    :raises BadAnswer: When the answer is none.
    """
    try:
        return tuple(float(f"{number:.{_DIGITS}g}") for number in numbers_in(response.text))
    except ValueError as error:
        raise BadAnswer(f"the answer is no vector: {error}") from error


def length_of_vector(response: ChatResponse) -> int:
    """Return how many numbers a vector has.

    :raises BadAnswer: When the answer is none.
    """
    try:
        return len(numbers_in(response.text))
    except ValueError as error:
        raise BadAnswer(f"the answer is no vector: {error}") from error


def classes_text(classes: Classes) -> str:
    """Write what a classifier says."""
    return json.dumps(
        {
            "label": classes.label,
            "probs": list(classes.probabilities),
            "names": list(classes.names),
        },
        ensure_ascii=False,
    )


def classes_of(response: ChatResponse) -> Classes:
    """Return what a classifier said.

    :raises BadAnswer: When the answer is not that.
    """
    try:
        said = json.loads(response.text)
        return Classes(said["label"], tuple(said["probs"]), tuple(said["names"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BadAnswer("the answer holds no classes") from error


def score_of(response: ChatResponse) -> float:
    """Return a score or a reward; of a classifier with one class it is that one's.

    :raises BadAnswer: When the answer is not one number.
    """
    try:
        said = json.loads(response.text)
    except ValueError as error:
        raise BadAnswer("the answer is no number") from error
    if isinstance(said, dict):
        probabilities = classes_of(response).probabilities
        if len(probabilities) != 1:
            told = f"the model has {len(probabilities)} classes, a reward model has one"
            raise BadAnswer(f"{told}: use the validator `classify`")
        return float(probabilities[0])
    number = finite(said)
    if number is None:
        raise BadAnswer("the answer is no number")
    return number


def cosine(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors, -1 to 1.

    :raises BadAnswer: When they have different lengths, or one of them is zero.
    """
    if len(first) != len(second):
        raise BadAnswer(
            f"vectors of {len(first)} and {len(second)} numbers cannot be compared: were they made "
            "by the same model?"
        )
    sizes = math.hypot(*first) * math.hypot(*second)
    if not sizes:
        raise BadAnswer("a vector of zeros has no direction, so nothing is similar to it")
    product = math.fsum(a * b for a, b in zip(first, second, strict=True))
    return max(-1.0, min(1.0, product / sizes))
