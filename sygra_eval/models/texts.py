"""Vectors, classes, scores and rewards, as servers speak of them; what they are is in `values`.

`asked` writes the body for the texts of one request, `answered` reads what came: one answer for
each text, in the order in which they were sent. What a server says of an answer's place (`index`)
is believed over the place itself, and a reply that leaves one out, says one twice, or holds no
finite numbers is no answer at all.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from sygra_eval.models import fast_json
from sygra_eval.models.buckets import allowances
from sygra_eval.models.replies import RawReply, credible, estimated_usage, redacted, spoilt
from sygra_eval.values import (
    TEXT_1,
    TEXT_2,
    CallFailed,
    ChatRequest,
    ChatResponse,
    Classes,
    Message,
    Task,
    Usage,
    classes_text,
    finite,
    is_chat,
    numbers_in,
    vector_text,
)

TextApi = Literal["embeddings", "classify", "score", "reward"]
TEXT_APIS: frozenset[str] = frozenset({"embeddings", "classify", "score", "reward"})
BATCH_SIZE = 32  # what every server takes: text-embeddings-inference refuses more unless told
MOST_BATCH_SIZE = 256
_ROOT = {"classify": "classify", "score": "score", "reward": "pooling"}


BatchSize = Annotated[int | None, Field(ge=1, le=MOST_BATCH_SIZE)]
Labels = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=10_000)]


class TextsConfig(Protocol):
    """What the keys of a type have in common that may make more than chats."""

    @property
    def task(self) -> Task:
        """What the model does."""
        ...

    @property
    def batch_size(self) -> int | None:
        """What the suite says."""
        ...

    @property
    def stream(self) -> bool:
        """Whether answers are to come in pieces."""
        ...


def refuse_misplaced(config: TextsConfig) -> None:
    """Refuse keys that a model of this task has no use for.

    :raises ValueError: With what to do.
    """
    if config.task is Task.CHAT and config.batch_size is not None:
        raise ValueError("`batch_size` is for texts (`api: embeddings`…): a chat goes alone")
    if config.task is not Task.CHAT and config.stream:
        raise ValueError("`stream` is for chats: take it out")
    labels = getattr(config, "labels", ())
    if labels and config.task is not Task.CLASSIFY:
        raise ValueError("`labels` names the classes of `api: classify`")
    if len(set(labels)) < len(labels):
        raise ValueError("two of the `labels` are the same")


def batch_size_in(config: TextsConfig) -> int:
    """Return how many texts go in one request."""
    if config.task is Task.CHAT:
        return 1
    return BATCH_SIZE if config.batch_size is None else config.batch_size


def task_of_api(api: str) -> Task:
    """Return what a model does that is asked by `api`."""
    return Task(api) if api in TEXT_APIS else Task.CHAT


def path_of(api: str, base_url: str) -> str:
    """Return where texts go; vLLM has what OpenAI does not know beside `/v1`."""
    if api == "embeddings":
        return "embeddings"
    return f"../{_ROOT[api]}" if base_url.endswith("/v1") else _ROOT[api]


def asked(api: str, request: ChatRequest, model: str) -> dict[str, Any]:
    """Return the body to send: parameters win over what we would choose."""
    messages = request.messages
    chosen = {"encoding_format": "base64"} if api == "embeddings" else {}
    body = {**chosen, **request.parameters, "model": model}
    if is_chat(messages):  # a reward model judges a conversation, by its own template
        return {**body, "messages": [message.as_dict() for message in messages]}
    if api == "score":
        return {
            **body,
            "text_1": _contents(messages, TEXT_1),
            "text_2": _contents(messages, TEXT_2),
        }
    return {**body, "input": [message.content for message in messages]}


def _contents(messages: Sequence[Message], role: str) -> list[str]:
    return [message.content for message in messages if message.role == role]


def count_of(messages: Sequence[Message]) -> int:
    """Return how many answers are asked for: one a text, a pair, or a conversation."""
    if is_chat(messages):
        return 1
    return sum(message.role != TEXT_2 for message in messages)


def answered(
    api: str,
    payload: object,
    reply: RawReply,
    request: ChatRequest,
    labels: Sequence[str] = (),
) -> ChatResponse:
    """Read a reply in OpenAI's form: `data`, a list with an entry for each text.

    :param labels: What the suite calls a classifier's classes.
    :raises RetryLater: `bad_body` or `empty`.
    """
    if not isinstance(payload, dict):
        spoilt(reply, "no JSON object")
    count = count_of(request.messages)
    entries = _in_order(payload.get("data"), count, reply)
    match api:
        case "embeddings":
            texts = _vectors([entry.get("embedding") for entry in entries], reply, request)
        case "classify":
            texts = [_classes(entry, reply, labels) for entry in entries]
        case "score":
            texts = [_number(entry.get("score"), reply) for entry in entries]
        case _:
            texts = [_number(_only(entry.get("data")), reply) for entry in entries]
    return response_of(texts, payload.get("usage"), payload.get("model"), reply, request)


def vectors_answered(
    payload: Mapping[str, Any], reply: RawReply, request: ChatRequest
) -> ChatResponse:
    """Read Ollama's form: a list of vectors, in the order of the texts."""
    vectors, wanted = payload.get("embeddings"), count_of(request.messages)
    if not isinstance(vectors, list) or not vectors:
        spoilt(reply, "without vectors", "empty")
    if len(vectors) != wanted:
        spoilt(reply, f"{len(vectors)} answers to {wanted} texts")
    usage = {"prompt_tokens": payload.get("prompt_eval_count")}
    return response_of(
        _vectors(vectors, reply, request), usage, payload.get("model"), reply, request
    )


def response_of(
    texts: Sequence[str], usage: object, seen: object, reply: RawReply, request: ChatRequest
) -> ChatResponse:
    """Return the answers to the texts of one request, as one response."""
    prompt = credible(usage.get("prompt_tokens"), at_least=1) if isinstance(usage, dict) else None
    return ChatResponse(
        text=texts[0],
        others=tuple(texts[1:]),
        finish_reason="stop",
        usage=estimated_usage(request, "")
        if prompt is None
        else Usage(prompt_tokens=prompt, completion_tokens=0),
        model_seen=seen[:200] if isinstance(seen, str) else "",
        allowances=allowances(reply.headers),
    )


def _in_order(data: object, count: int, reply: RawReply) -> list[Mapping[str, Any]]:
    """Return the entries by their `index`; where none has one, as they stand."""
    if not isinstance(data, list) or not data:
        spoilt(reply, "without answers", "empty")
    if len(data) != count:
        spoilt(reply, f"{len(data)} answers to {count} texts")
    if not all(isinstance(entry, dict) for entry in data):
        spoilt(reply, "a list of what are no answers")
    if not any("index" in entry for entry in data):
        return data
    placed = {
        entry.get("index"): entry for entry in data if not isinstance(entry.get("index"), bool)
    }
    if any(not isinstance(place, int) for place in placed) or sorted(placed) != [*range(count)]:
        spoilt(reply, "answers whose `index` is not each text's once")
    return [placed[place] for place in range(count)]


def _vectors(given: Sequence[object], reply: RawReply, request: ChatRequest) -> list[str]:
    """Return the vectors; all of one request are equally long, and as long as was asked for."""
    texts = [_vector(one, reply) for one in given]
    lengths = {len(text) for text in texts}
    if len(lengths) > 1:
        spoilt(reply, "vectors of different lengths")
    wanted, length = request.parameters.get("dimensions"), len(numbers_in(texts[0]))
    if isinstance(wanted, int) and wanted != length:
        raise _other_shape(reply, f"vectors of {length} numbers, and `dimensions` is {wanted}")
    return texts


def _vector(given: object, reply: RawReply) -> str:
    try:
        if isinstance(given, str):
            numbers: Sequence[float] = numbers_in(given)
        elif isinstance(given, list) and given:
            if any(finite(one) is None for one in given):
                raise ValueError("not all of it are numbers")  # noqa: TRY301 - said with the rest
            numbers = given
        else:
            raise ValueError("it is empty" if given == [] else "it is no list")  # noqa: TRY301
        return vector_text(numbers)
    except ValueError as error:
        spoilt(reply, f"a vector that is none ({error})")


def _classes(entry: Mapping[str, Any], reply: RawReply, labels: Sequence[str]) -> str:
    """Return the classes; a server names the likeliest alone, the suite may name all of them."""
    given = entry.get("probs")
    if not isinstance(given, list) or not given:
        spoilt(reply, "without probabilities", "empty")
    probabilities = [number for one in given if (number := finite(one)) is not None]
    if len(probabilities) < len(given):
        spoilt(reply, "probabilities that are no numbers")
    said = entry.get("label")
    said = said if isinstance(said, str) else ""
    names = list(labels) or [""] * len(given)
    if len(names) != len(given):
        raise _other_shape(reply, f"{len(given)} classes, and `labels` names {len(names)}")
    likeliest = _likeliest(probabilities, names, said)
    if labels and said and said != names[likeliest] and not _is_generic(said):
        told = f"the class `{redacted(said, reply.secret)}` where `labels` has `{names[likeliest]}`"
        raise _other_shape(reply, told)
    names[likeliest] = names[likeliest] or said
    label = names[likeliest] or str(likeliest)
    return classes_text(Classes(label, tuple(probabilities), tuple(names)))


def _likeliest(probabilities: Sequence[float], names: Sequence[str], said: str) -> int:
    """Return the place of the likeliest class: of several that are, the one that is named."""
    most = max(probabilities)
    if said in names and probabilities[names.index(said)] == most:
        return names.index(said)
    return probabilities.index(most)


def _other_shape(reply: RawReply, told: str) -> CallFailed:
    """Return the failure of a sound answer that is not what the suite says of the model."""
    return CallFailed("wrong_shape", f"{reply.address} answered {told}")


def _is_generic(label: str) -> bool:
    """Whether it is what a model's makers call a class that they gave no name."""
    return label.upper().startswith("LABEL_")


def _only(given: object) -> object:
    """Return the one number of a pooled answer, which may lie in a list of lists."""
    while isinstance(given, list) and len(given) == 1:
        given = given[0]
    return given


def _number(given: object, reply: RawReply) -> str:
    if isinstance(given, list):
        told = f"{len(given)} numbers for one text: is it a reward model for steps or tokens?"
        raise _other_shape(reply, told)
    number = finite(given)
    if number is None:
        spoilt(reply, "a score that is no number")
    return fast_json.dumps(number).decode()
