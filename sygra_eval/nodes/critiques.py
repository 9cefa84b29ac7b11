"""What a critic is shown beside its prompt, and what it said."""

from dataclasses import dataclass

from sygra_eval.values import ChatResponse, Fitted, Message, TextPart


@dataclass(frozen=True, slots=True)
class Critique:
    """What the critic said; any of `texts`, as a whole, may be the stop phrase."""

    text: str
    texts: tuple[str, ...]
    tokens: int
    latency_s: float

    @classmethod
    def of_text(cls, response: ChatResponse) -> "Critique":
        """Return a critique in words."""
        return cls(response.text, (response.text,), response.usage.total, response.latency_s)

    @classmethod
    def of_json(cls, fitted: Fitted) -> "Critique":
        """Return a critique in JSON, of which each field of text may be the phrase."""
        texts = tuple(value for value in fitted.values.values() if isinstance(value, str))
        return cls(fitted.text, texts, fitted.tokens, fitted.latency_s)

    def says(self, phrase: str) -> bool:
        """Say whether a text of it is the phrase and nothing else."""
        return _plain(phrase) in map(_plain, self.texts)


NO_CRITIQUE = Critique("", (), 0, 0.0)
"""Of a critic who said nothing of use."""


def beside_images_of(message: Message, text: str) -> Message:
    """Return a user's message that shows the images of another one below its text."""
    images = tuple(part for part in message.parts if not isinstance(part, TextPart))
    return Message.of_parts("user", (TextPart(text), *images))


def _plain(text: str) -> str:
    """Strip, ignore case and closing punctuation; nothing inside a sentence can match."""
    return " ".join(text.split()).rstrip(".!?…,;: ").casefold()
