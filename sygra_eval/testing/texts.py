"""What the scripted server says of texts: vectors, classes, scores, rewards, in each dialect.

A request that is no chat is heard as `{"texts": [...]}` (of pairs, both), and answered by
`vectors(...)`, `classes(...)` and `scores(...)`, from the script or from `texts_with`. Where nobody
says what, `answer_to_texts` does: the same text gets the same vector, texts that share words get
vectors near each other, and a text that says `bad` is of the class `toxic`.
"""

import base64
import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from sygra_eval.testing.dialects import ChatBody, Completion, Dialect
from sygra_eval.testing.replies import JSON_TYPE, Reply, as_json

LENGTH = 16  # of a vector that nobody asked for
CLASSES = ("safe", "toxic")
_OPENAI = {"use": "openai", "base_url": "{address}/v1", "model": "scripted"}
_VLLM = {**_OPENAI, "use": "vllm"}
TEXT_ENTRIES: Mapping[str, Mapping[str, str]] = {
    "embeddings": {**_OPENAI, "api": "embeddings"},
    "azure_embeddings": {
        "use": "azure",
        "endpoint": "{address}",
        "deployment": "scripted",
        "api_version": "2024-10-21",
        "api": "embeddings",
    },
    "ollama_embed": {
        "use": "ollama",
        "base_url": "{address}",
        "model": "scripted",
        "api": "embeddings",
    },
    "litellm_embeddings": {
        "use": "litellm",
        "model": "openai/scripted",
        "base_url": "{address}/v1",
        "api": "embeddings",
    },
    "classify": {**_VLLM, "api": "classify"},
    "score": {**_VLLM, "api": "score"},
    "reward": {**_VLLM, "api": "reward"},
}


def vectors(
    given: Sequence[Sequence[float]], *, base64_numbers: bool = False, tokens: int | None = None
) -> Reply:
    """Answer with a vector for each text.

    :param base64_numbers: As OpenAI writes them where `encoding_format: base64` is asked for.
    """
    told: list[object] = [list(one) for one in given]
    if base64_numbers:
        packed = (struct.pack(f"<{len(one)}f", *one) for one in given)
        told = [base64.b64encode(one).decode() for one in packed]
    return _reply([{"index": i, "embedding": one} for i, one in enumerate(told)], tokens)


def classes(
    given: Sequence[Sequence[float]], *, names: Sequence[str] = CLASSES, tokens: int | None = None
) -> Reply:
    """Answer with the probabilities of the classes; named is the likeliest alone, as vLLM does."""
    data = []
    for index, probs in enumerate(given):
        likeliest = max(range(len(probs)), key=probs.__getitem__)
        label = names[likeliest] if likeliest < len(names) else None
        entry = {"index": index, "label": label, "probs": list(probs), "num_classes": len(probs)}
        data.append(entry)
    return _reply(data, tokens)


def scores(given: Sequence[float], *, tokens: int | None = None) -> Reply:
    """Answer with a score for each pair."""
    return _reply([{"index": i, "score": one} for i, one in enumerate(given)], tokens)


def rewards(given: Sequence[float], *, tokens: int | None = None) -> Reply:
    """Answer with a reward for each text, as vLLM pools it."""
    return _reply([{"index": i, "data": [one]} for i, one in enumerate(given)], tokens)


def _reply(data: Sequence[Mapping[str, Any]], tokens: int | None) -> Reply:
    counted = 3 * len(data) if tokens is None else tokens
    payload = {
        "object": "list",
        "model": "scripted",
        "data": list(data),
        "usage": {"prompt_tokens": counted, "total_tokens": counted},
    }
    return Reply(body=as_json(payload), headers=JSON_TYPE, completion=payload)


def answer_to_texts(body: ChatBody) -> Reply:
    """Answer as a model might, the same at each time."""
    texts = body["texts"]
    match body["kind"]:
        case "classify":
            return classes([[0.1, 0.9] if "bad" in text else [0.8, 0.2] for text in texts])
        case "score":
            return scores([_likeness(a, b) for a, b in texts])
        case "reward":
            return rewards([round(1 / (1 + text.count("bad")), 6) for text in texts])
    length = body.get("dimensions") or LENGTH
    is_base64 = body.get("encoding_format") == "base64"
    return vectors([vector(text, length) for text in texts], base64_numbers=is_base64)


def vector(text: str, length: int = LENGTH) -> list[float]:
    """Return a vector of size 1 that depends on the words of the text, as a good model's does."""
    numbers = [0.0] * length
    for word in text.lower().split() or [text]:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=32).digest()
        for place in range(length):
            numbers[place] += digest[place % 32] / 128 - 1 + place * 1e-3
    size = math.hypot(*numbers) or 1.0
    return [number / size for number in numbers]


def _likeness(first: str, second: str) -> float:
    one, other = set(first.lower().split()), set(second.lower().split())
    return round(len(one & other) / max(1, len(one | other)), 6)


def _hear(kind: str, body: ChatBody) -> ChatBody:
    """Return the body with the texts in it, and nothing else that a chat has."""
    if kind == "score":
        texts: object = list(zip(body["text_1"], body["text_2"], strict=True))
    elif "messages" in body:
        texts = [body["messages"][-1]["content"]]
    else:
        given = body["input"]
        texts = [given] if isinstance(given, str) else given
    return {**body, "kind": kind, "texts": texts}


def _as_it_is(completion: Completion) -> Completion:
    return completion


def _tell_ollama(completion: Completion) -> Mapping[str, Any]:
    data = completion.get("data")
    if not isinstance(data, list):
        return completion
    return {
        "model": completion["model"],
        "embeddings": [entry["embedding"] for entry in data],
        "total_duration": 1,
        "prompt_eval_count": (completion["usage"] or {}).get("prompt_tokens"),
    }


def _dialect(name: str, kind: str, paths: tuple[str, ...], tell: Any = _as_it_is) -> Dialect:
    return Dialect(name, paths, lambda body: _hear(kind, body), tell)


TEXT_DIALECTS: tuple[Dialect, ...] = (
    _dialect(
        "embeddings",
        "embeddings",
        (
            "/v1/embeddings",
            "/openai/deployments/{model}/embeddings",
            "/openai/v1/embeddings",
        ),
    ),
    _dialect("ollama", "embeddings", ("/api/embed",), _tell_ollama),
    _dialect("classify", "classify", ("/classify",)),
    _dialect("score", "score", ("/score", "/v1/score")),
    _dialect("reward", "reward", ("/pooling",)),
)
