"""What makes two calls the same call.

The key of a call holds everything that its answer may depend on and the place it was asked from,
because two equal prompts at temperature 1 are two samples. Keys are kept in journals for years:
`tests/journal/test_keys.py` holds golden ones, and a change here needs a new schema version.
"""

from collections.abc import Mapping
from hashlib import blake2b

from sygra_eval.journal.canonical import canonical_json
from sygra_eval.values import CallSite, ChatRequest

_SIZE = 16
_REPAIR = "repair:"


def call_key(identity: str, request: ChatRequest, site: CallSite, salt: str = "") -> bytes:
    """Return the key under which one call of a run is journalled.

    :param identity: Which model answers (`ChatModel.identity`).
    :param salt: Sets keys apart on purpose, as for a call that is to be paid again.
    """
    return _hash_of({**_asked(identity, request), **_place(site, salt)})


def call_hashes(identity: str, request: ChatRequest, site: CallSite) -> tuple[bytes, bytes]:
    """Return `call_key` and `request_hash` of a call, which have most of their work in common."""
    asked = _asked(identity, request)
    return _hash_of({**asked, **_place(site)}), _hash_of(asked)


def validator_path(validator: str, when: str, step: str = "") -> str:
    """Return the place of a validator's call, which stands where a node's path does.

    No node's name has a colon, so a node and a validator of one name have different places.

    :param when: The stage, or `prepare` for what is asked before the first row.
    """
    path = f"validator:{validator}/{when}"
    return f"{path}/{step}" if step else path


def repair_step(step: str, number: int) -> str:
    """Return the step of a call that asks again for JSON; no step of a node has a colon."""
    return f"{step}/{_REPAIR}{number}" if step else f"{_REPAIR}{number}"


def is_repair(path: object) -> bool:
    """Say whether a call at this path asked again for JSON that did not fit."""
    return str(path).rpartition("/")[2].startswith(_REPAIR)


def repaired_step(step: str) -> str:
    """Return the step whose answer a step repairs; any other is its own."""
    return step.rpartition("/")[0] if is_repair(step) else step


def request_hash(identity: str, request: ChatRequest) -> bytes:
    """Return the hash of what is asked of whom, wherever in a run it is asked from."""
    return _hash_of(_asked(identity, request))


def _hash_of(value: Mapping[str, object]) -> bytes:
    return blake2b(canonical_json(value), digest_size=_SIZE).digest()


def _place(site: CallSite, salt: str = "") -> dict[str, object]:
    return {
        "record": site.record,
        "node": site.node,
        "visit": site.visit,
        "sample": site.sample,
        "salt": salt,
    }


def _asked(identity: str, request: ChatRequest) -> dict[str, object]:
    return {
        "model": identity,
        "messages": [message.as_key() for message in request.messages],
        "parameters": dict(request.parameters),
    }
