"""OpenAI's file-and-batch protocol: one exchange a method, and what its objects say.

A batch is a file of requests, one a line, that is uploaded, submitted, looked at until it ends, and
answered by two more files. Nothing here waits or tries again, and nothing decides; see `batching`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any

from sygra_eval.models import fast_json
from sygra_eval.models.refusals import refusal_of
from sygra_eval.models.replies import RawReply, json_of, redacted, spoilt
from sygra_eval.values import CallFailed, RetryLater

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

LOOK_S = 60.0
UPLOAD_S = 120.0
SLOWEST_BYTES_A_SECOND = 100_000
PAGE = 100
MOST_PAGES = 100  # of the account's batches, the newest first, that are searched for ours
TAG = "sygra_eval_batch"
_NOT_READY = ("pending", "running", "uploading")
_NOT_RUN = (b"batch_expired", b"batch_cancelled")
_AN_ERROR = b'{"error"'


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPaths:
    """Where a server has files and batches, below its base URL, and what requests are named there.

    :ivar query: At the end of every address, as `?api-version=…`.
    :ivar url: What a line of the file names as the address of its request.
    """

    url: str
    files: str = "files"
    batches: str = "batches"
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchError:
    """What was wrong with a batch as a whole, or with one line of its file (counted from 1)."""

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSeen:
    """What a server says of a batch.

    :ivar counted: Requests that it says were run, whatever came of them.
    :ivar answer_files: Where the answers are and where the failures; an ended batch may have none.
    """

    id: str
    status: str
    tag: str = ""
    answer_files: tuple[str, ...] = ()
    errors: tuple[BatchError, ...] = ()
    counted: int = 0


class BatchWire:
    """Files and batches of one server."""

    def __init__(self, transport: "Transport", paths: BatchPaths) -> None:
        self._transport = transport
        self._paths = paths

    @property
    def address(self) -> str:
        """Of the server, for messages."""
        return self._transport.address

    def line_of(self, custom_id: str, body: bytes) -> bytes:
        """Return a request as a line of the file; its body is JSON already."""
        url = fast_json.dumps(self._paths.url)
        head = b'{"custom_id":' + fast_json.dumps(custom_id) + b',"method":"POST","url":' + url
        return head + b',"body":' + body + b"}\n"

    async def upload(self, content: bytes) -> str:
        """Upload a file of requests and return its id; it may not be ready yet, see `is_ready`.

        :raises CallFailed: As every method here, for whatever is no success.
        """
        kind, form = _form(content)
        path = f"{self._paths.files}{self._paths.query}"
        timeout_s = UPLOAD_S + len(form) / SLOWEST_BYTES_A_SECOND
        reply = await self._transport.post_file(path, form, content_type=kind, timeout_s=timeout_s)
        return _id_of(_object_in(reply), reply)

    async def is_ready(self, file_id: str) -> bool:
        """Say whether a file may be submitted: Azure takes a while to look at large ones."""
        path = f"{self._paths.files}/{file_id}{self._paths.query}"
        try:
            said = _object_in(await self._transport.get(path, timeout_s=LOOK_S))
        except RetryLater:
            raise
        except CallFailed:  # not every server shows files; what is wrong shows at the submission
            return True
        return said.get("status") not in _NOT_READY

    async def submit(self, file_id: str, window: str, metadata: Mapping[str, str]) -> BatchSeen:
        """Submit an uploaded file: from now on it is paid for."""
        asked = {
            "input_file_id": file_id,
            "endpoint": self._paths.url,
            "completion_window": window,
            "metadata": dict(metadata),
        }
        path = f"{self._paths.batches}{self._paths.query}"
        reply = await self._transport.post(path, fast_json.dumps(asked))
        return seen_in(reply)

    async def find(self, tag: str) -> BatchSeen | None:
        """Return the batch that carries our tag, among the newest of the account."""
        after = ""
        for _ in range(MOST_PAGES):
            query = f"limit={PAGE}" + (f"&after={after}" if after else "")
            said, reply = await self._list(query)
            listed = said.get("data")
            found = [one for one in _objects(listed) if _is_plain(str(one.get("id", "")))]
            for batch in found:
                if _tag_of(batch) == tag:
                    return _seen(batch, reply)
            if not found or said.get("has_more") is not True:
                return None
            after = str(found[-1]["id"])
        return None

    async def prove(self) -> RawReply:
        """Ask for the newest batch, to see whether the server has batches at all."""
        return await self._transport.get(self._under(self._paths.batches, "limit=1"), timeout_s=30)

    async def look(self, batch_id: str) -> BatchSeen:
        """Return what the server says of a batch now."""
        path = f"{self._paths.batches}/{batch_id}{self._paths.query}"
        reply = await self._transport.get(path, timeout_s=LOOK_S)
        return seen_in(reply)

    async def read(self, file_id: str, take: Callable[[str, RawReply], None]) -> int:
        """Hand over the answers of a file by their custom id; return how many lines are none.

        What is handed over is the reply as if its request had been sent alone.
        """
        strange = 0
        address, secret = self._transport.address, self._transport.secret

        def take_line(line: bytes) -> None:
            nonlocal strange
            if not line.strip():
                return
            answered = answer_in(line, address=address, secret=secret)
            if answered is None:
                strange += 1
            else:
                take(*answered)

        path = f"{self._paths.files}/{file_id}/content{self._paths.query}"
        reply = await self._transport.get_lines(path, take_line)
        if reply.status != 200:
            raise refusal_of(reply, now_s=time())
        return strange

    async def _list(self, query: str) -> tuple[dict[str, Any], RawReply]:
        path = self._under(self._paths.batches, query)
        reply = await self._transport.get(path, timeout_s=LOOK_S)
        return _object_in(reply), reply

    def _under(self, path: str, query: str) -> str:
        return f"{path}{self._paths.query}&{query}" if self._paths.query else f"{path}?{query}"


def answer_in(line: bytes, *, address: str, secret: str = "") -> tuple[str, RawReply] | None:
    """Read a line of an answer file; None when it is no answer to anybody."""
    try:
        said = fast_json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    custom_id = said.get("custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        return None
    status, payload = 200, None
    response = said.get("response")
    if isinstance(response, dict):
        code = response.get("status_code")
        status = code if isinstance(code, int) and 100 <= code < 600 else 500
        payload = response.get("body")
    if payload is None or said.get("error"):
        payload = {"error": said.get("error") or {"message": "neither a response nor an error"}}
    try:
        body = fast_json.dumps(payload)
    except (TypeError, ValueError):  # half a surrogate pair
        return None
    return custom_id, RawReply(status=status, headers={}, body=body, address=address, secret=secret)


def seen_in(reply: RawReply) -> BatchSeen:
    """Read what a server says of a batch.

    :raises CallFailed: When it says something else.
    """
    return _seen(_object_in(reply), reply)


def is_answer(reply: RawReply) -> bool:
    """Whether a line answers its request, instead of saying why it does not."""
    return reply.status == 200 and not reply.body.startswith(_AN_ERROR)


def was_not_run(reply: RawReply) -> bool:
    """Whether a line says that its request was not run, because its batch had ended before."""
    head = reply.body[:300] if reply.body.startswith(_AN_ERROR) else b""
    return any(word in head for word in _NOT_RUN)


def _form(content: bytes) -> tuple[str, bytes]:
    """Return a form with the file, and its content type; the boundary cannot be in the file."""
    boundary = f"sygra-eval-{hashlib.sha256(content).hexdigest()[:48]}"  # 70 at most
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="batch.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    form = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", form


def _object_in(reply: RawReply) -> dict[str, Any]:
    if reply.status not in (200, 201):
        raise refusal_of(reply, now_s=time())
    payload = json_of(reply)
    if not isinstance(payload, dict):
        spoilt(reply, "no JSON object")
    return payload


def _id_of(said: Mapping[str, Any], reply: RawReply) -> str:
    found = said.get("id")
    if not isinstance(found, str) or not found or not _is_plain(found):
        spoilt(reply, "without an id")
    return found


def _seen(said: Mapping[str, Any], reply: RawReply) -> BatchSeen:
    errors = said.get("errors")
    listed = errors.get("data") if isinstance(errors, Mapping) else errors
    files = (said.get("output_file_id"), said.get("error_file_id"))
    return BatchSeen(
        id=_id_of(said, reply),
        status=str(said.get("status")),
        tag=_tag_of(said),
        answer_files=tuple(one for one in files if isinstance(one, str) and _is_plain(one)),
        errors=tuple(_error(one, reply) for one in _objects(listed)),
        counted=_counted(said.get("request_counts")),
    )


def _tag_of(said: Mapping[str, Any]) -> str:
    metadata = said.get("metadata")
    return str(metadata.get(TAG, "")) if isinstance(metadata, Mapping) else ""


def _counted(counts: object) -> int:
    if not isinstance(counts, Mapping):
        return 0
    run = [counts.get("completed"), counts.get("failed")]
    return sum(one for one in run if isinstance(one, int) and one > 0)


def _error(said: Mapping[str, Any], reply: RawReply) -> BatchError:
    line = said.get("line")
    return BatchError(
        code=str(said.get("code") or ""),
        message=redacted(str(said.get("message") or ""), reply.secret),
        line=line if isinstance(line, int) and not isinstance(line, bool) else None,
    )


def _objects(listed: object) -> Iterable[Mapping[str, Any]]:
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _is_plain(identifier: str) -> bool:
    """Whether an id may stand in an address; it comes from a server."""
    return bool(identifier) and all(c.isalnum() or c in "-_." for c in identifier)
