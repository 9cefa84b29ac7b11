"""OpenAI's file-and-batch protocol for the scripted server, with what can go wrong in it.

`endpoint.batches` has files and batches. A batch is run when it has been looked at `looks` times;
each of its requests is answered as if it had come alone, and is `batched` (paid) in the server's
log. What goes wrong is named by `fails_with`; the words are in `BATCH_FAULTS`.
"""

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sygra_eval.testing.audit import Event
from sygra_eval.testing.dialects import DIALECTS, ChatBody, Dialect
from sygra_eval.testing.faults import hash_of
from sygra_eval.testing.replies import Reply, as_json, status

BATCH_FAULTS: Mapping[str, str] = {
    "upload_503": "an upload is refused, the server is overloaded",
    "upload_429": "an upload is refused, with `Retry-After: 0`",
    "upload_lost": "an upload is taken, and its reply is lost",
    "file_pending": "a file is looked at for a while, and cannot be submitted before",
    "submit_503": "a submission is refused, the server is overloaded",
    "submit_429": "a submission is refused, with `Retry-After: 0`",
    "submit_lost": "a submission is taken, and its reply is lost",
    "submit_hangs": "a submission is taken, and its reply never comes",
    "submit_no_room": "a submission is refused, as too many tokens are enqueued",
    "no_room": "a batch fails, as too many tokens are enqueued",
    "failed": "a batch fails as a whole",
    "failed_line": "a batch fails for its second line",
    "expired": "a batch expires when half of it is run",
    "expired_whole": "a batch expires before any of it is run",
    "cancelled": "somebody cancels a batch when half of it is run",
    "stays": "a batch stays in progress",
    "unknown_status": "a look shows a status that nobody knows",
    "look_503": "a look is refused, the server is overloaded",
    "look_429": "a look is refused, with `Retry-After: 0`",
    "look_401": "a look is refused for its key",
    "look_404": "a look finds no such batch",
    "read_hangs": "the answers never come",
    "read_stalls": "the answers stall in the middle",
    "read_cut_off": "the connection is reset in the middle of the answers",
    "read_truncated": "the answers end in the middle of a line, as if that were all",
    "read_404": "the answers are gone",
    "missing": "a batch ends without its first answer",
    "duplicated": "the first answer is there twice, the second time with another text",
    "stranger": "an answer has another id, or none, or is no JSON",
    "error_500": "the first request is answered 500",
    "error_400": "the first request is answered 400",
}
_ROOM = "Enqueued token limit reached for scripted in organization org. Limit: 90,000 tokens."


@dataclass(slots=True)
class _Batch:
    """One batch of the server."""

    id: str
    input_file: str
    endpoint: str
    window: str
    metadata: Mapping[str, str]
    status: str = "validating"
    looks: int = 0
    files: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as the server shows it."""
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "input_file_id": self.input_file,
            "completion_window": self.window,
            "status": self.status,
            "output_file_id": self.files.get("output"),
            "error_file_id": self.files.get("error"),
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "request_counts": self.counts,
            "metadata": dict(self.metadata),
        }


class ScriptedBatches:
    """Files and batches of one scripted server.

    :ivar looks: At which look a batch has ended.
    :ivar submit_delay_s: Between taking a batch and saying so.
    :ivar submitted: Ids of the batches taken, in order; `uploaded` those of the files.
    :ivar most_requests: In one batch; a larger one fails as a whole, as by the limit of tokens.
    """

    def __init__(
        self,
        reply_to: Callable[[Dialect, ChatBody], Reply],
        refusal_of_key: Callable[[web.Request], Reply | None],
        on_event: Callable[[Event], None],
    ) -> None:
        self.looks = 1
        self.submit_delay_s = 0.0
        self.most_requests: float = math.inf
        self.uploaded: list[str] = []
        self.submitted: list[str] = []
        self._reply_to = reply_to
        self._refusal_of_key = refusal_of_key
        self._on_event = on_event
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, _Batch] = {}
        self._faults: dict[str, float] = {}
        self._released = 0

    def fails_with(self, name: str, times: float = 1) -> None:
        """Let the next so many exchanges, or batches, meet a fault; 0 ends it, and what hangs."""
        if name not in BATCH_FAULTS:
            raise ValueError(f"there is no fault {name!r}; known: {', '.join(BATCH_FAULTS)}")
        self._faults[name] = times
        self._released += not times

    def forget(self) -> None:
        """Begin anew, without files, batches and faults."""
        self.looks, self.submit_delay_s, self.most_requests = 1, 0.0, math.inf
        self._released += 1
        for kept in (self.uploaded, self.submitted, self._files, self._batches, self._faults):
            kept.clear()

    def finish(self) -> None:
        """Run what was taken and never looked at to its end: a provider does, and bills it."""
        for batch in self._batches.values():
            if batch.status in ("validating", "in_progress"):
                self._run(batch, "completed")

    def lines_of(self, number: int) -> list[dict[str, Any]]:
        """Return the requests of a batch, by the order in which batches were taken."""
        batch = self._batches[self.submitted[number]]
        return [json.loads(line) for line in self._files[batch.input_file].splitlines()]

    def metadata_of(self, number: int) -> Mapping[str, str]:
        """Return what a batch was submitted with, by the order in which batches were taken."""
        return self._batches[self.submitted[number]].metadata

    def routes(self) -> list[web.RouteDef]:
        """Return where the server has them: OpenAI's addresses and both of Azure."""
        found = []
        for root in ("/v1", "/openai", "/openai/v1"):
            found += [
                web.post(f"{root}/files", self._on_upload),
                web.get(f"{root}/files/{{file}}", self._on_file),
                web.get(f"{root}/files/{{file}}/content", self._on_content),
                web.post(f"{root}/batches", self._on_submission),
                web.get(f"{root}/batches", self._on_list),
                web.get(f"{root}/batches/{{batch}}", self._on_look),
                web.post(f"{root}/batches/{{batch}}/cancel", self._on_cancel),
            ]
        return found

    async def _hang(self) -> None:
        """Hang until faults are changed to none, as no client ends the handler of its request."""
        released = self._released
        while self._released == released:  # noqa: ASYNC110 - another thread releases it
            await asyncio.sleep(0.02)

    def _meets(self, name: str) -> bool:
        left = self._faults.get(name, 0)
        self._faults[name] = max(0, left - 1)
        return left > 0

    def _note(self, kind: str, request: str = "", fault: str = "") -> None:
        self._on_event(Event(time.monotonic(), kind, request=request, fault=fault))

    def _refused(self, request: web.Request, kind: str) -> Reply | None:
        if refusal := self._refusal_of_key(request):
            return refusal
        if self._meets(f"{kind}_503"):
            self._note(f"refused {kind}")
            return status(503, {"error": {"message": "overloaded"}})
        if self._meets(f"{kind}_429"):
            return status(429, {"error": {"message": "slow down"}}, {"retry-after": "0"})
        return None

    async def _on_upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form.get("file")
        if refusal := self._refused(request, "upload"):
            return _answered(refusal)
        if form.get("purpose") != "batch" or not isinstance(file, web.FileField):
            return _answered(status(400, {"error": {"message": "a file for batches is needed"}}))
        file_id = f"file-{len(self.uploaded) + 1}"
        self._files[file_id] = file.file.read()
        self.uploaded.append(file_id)
        self._note("uploaded", file_id)
        if self._meets("upload_lost"):
            return _lost(request)
        size = len(self._files[file_id])
        made = {"id": file_id, "object": "file", "purpose": "batch", "bytes": size}
        return web.json_response(made)

    async def _on_file(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["file"]
        if refusal := self._refusal_of_key(request):
            return _answered(refusal)
        if file_id not in self._files:
            return _answered(status(404, {"error": {"message": "no such file"}}))
        is_pending = self._meets("file_pending")
        return web.json_response(
            {"id": file_id, "status": "pending" if is_pending else "processed"}
        )

    async def _on_submission(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if refusal := self._refused(request, "submit"):
            return _answered(refusal)
        if self._meets("submit_no_room"):
            error = {"message": _ROOM, "type": "invalid_request_error", "code": None}
            return _answered(status(429, {"error": error}))
        if self._faults.get("file_pending", 0) > 0:
            return _answered(status(400, {"error": {"message": "the file is not ready"}}))
        if asked["input_file_id"] not in self._files:
            return _answered(status(404, {"error": {"message": "no such file"}}))
        batch = _Batch(
            id=f"batch_{len(self._batches) + 1}",
            input_file=asked["input_file_id"],
            endpoint=asked["endpoint"],
            window=asked["completion_window"],
            metadata=asked.get("metadata") or {},
        )
        self._batches[batch.id] = batch
        self.submitted.append(batch.id)
        self._note("submitted", batch.id)
        if self._meets("submit_lost"):
            return _lost(request)
        await asyncio.sleep(self.submit_delay_s)
        if self._meets("submit_hangs"):
            await self._hang()
        return web.json_response(batch.as_dict())

    async def _on_list(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal_of_key(request):
            return _answered(refusal)
        newest_first = [batch.as_dict() for batch in reversed(self._batches.values())]
        ids = [batch["id"] for batch in newest_first]
        after = request.query.get("after")
        begin = ids.index(after) + 1 if after in ids else 0
        end = begin + int(request.query.get("limit", "20"))
        listed = {"data": newest_first[begin:end], "has_more": end < len(ids)}
        return web.json_response({"object": "list", **listed})

    async def _on_look(self, request: web.Request) -> web.StreamResponse:
        batch = self._batches.get(request.match_info["batch"])
        if refusal := self._refused(request, "look"):
            return _answered(refusal)
        if self._meets("look_401"):
            return _answered(status(401, {"error": {"message": "wrong key"}}))
        if batch is None or self._meets("look_404"):
            return _answered(status(404, {"error": {"message": "no such batch"}}))
        batch.looks += 1
        if self._meets("unknown_status"):
            return web.json_response({**batch.as_dict(), "status": "contemplating"})
        self._go_on_with(batch)
        self._note("looked", batch.id, batch.status)
        return web.json_response(batch.as_dict())

    async def _on_cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self._batches.get(request.match_info["batch"])
        if refusal := self._refusal_of_key(request):
            return _answered(refusal)
        if batch is None:
            return _answered(status(404, {"error": {"message": "no such batch"}}))
        if batch.status in ("validating", "in_progress"):
            self._run(batch, "cancelled", share=0.5)
        return web.json_response(batch.as_dict())

    async def _on_content(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["file"]
        content = self._files.get(file_id)
        if refusal := self._refusal_of_key(request):
            return _answered(refusal)
        if content is None or self._meets("read_404"):
            return _answered(status(404, {"error": {"message": "no such file"}}))
        if self._meets("read_hangs"):
            self._note("reading", file_id)
            await self._hang()
        if self._meets("read_truncated"):
            return web.Response(body=content[: len(content) * 2 // 3])
        stalls, is_cut_off = self._meets("read_stalls"), self._meets("read_cut_off")
        if not (stalls or is_cut_off):
            self._note("read", file_id)
            return web.Response(body=content)
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[: len(content) * 2 // 3])
        if stalls:
            self._note("reading", file_id)
            await self._hang()
        return _lost(request, response)

    def _go_on_with(self, batch: _Batch) -> None:
        """Let a batch come to its end, when it is time."""
        if batch.status not in ("validating", "in_progress"):
            return
        batch.status = "in_progress"
        if self._faults.get("stays", 0) > 0 or batch.looks < self.looks:
            return
        lines = self._files[batch.input_file].splitlines()
        if self._meets("no_room") or len(lines) > self.most_requests:
            self._refuse(batch, {"code": "token_limit_exceeded", "message": _ROOM})
        elif self._meets("failed"):
            self._refuse(batch, {"code": "mismatched_model", "message": "not the model"})
        elif self._meets("failed_line"):
            self._refuse(batch, {"code": "invalid_url", "message": "no such URL", "line": 2})
        elif self._meets("expired"):
            self._run(batch, "expired", share=0.5)
        elif self._meets("expired_whole"):
            self._run(batch, "expired", share=0.0)
        elif self._meets("cancelled"):
            self._run(batch, "cancelled", share=0.5)
        else:
            self._run(batch, "completed")

    def _refuse(self, batch: _Batch, error: Mapping[str, Any]) -> None:
        batch.status = "failed"
        batch.errors = [{"line": None, "param": None, **error}]

    def _run(self, batch: _Batch, end: str, *, share: float = 1.0) -> None:
        """Answer the requests, or a share of them, and write the files."""
        lines = self._files[batch.input_file].splitlines()
        most = math.ceil(len(lines) * share)
        answers: list[bytes] = []
        failures: list[bytes] = []
        for number, line in enumerate(lines):
            asked = json.loads(line)
            if number >= most:
                error = {"code": f"batch_{end}", "message": f"This batch was {end} before."}
                failures.append(_line(asked["custom_id"], error=error))
                continue
            dialect = _dialect_of(asked["url"])
            reply = self._reply(dialect, asked["body"], is_first=number == 0)
            if reply.completion is None:
                said = json.loads(reply.body)
                failures.append(_line(asked["custom_id"], code=reply.status, body=said))
                continue
            self._note("batched", hash_of(asked["body"]), batch.id)
            told = dialect.tell(reply.completion)
            answers.append(_line(asked["custom_id"], code=200, body=told))
        failed = len(failures) - (len(lines) - most)
        batch.counts = {"total": len(lines), "completed": len(answers), "failed": failed}
        self._spoil(answers)
        for name, written in (("output", answers), ("error", failures)):
            if written:
                file_id = f"{batch.id}-{name}"
                self._files[file_id] = b"".join(line + b"\n" for line in written)
                batch.files[name] = file_id
        batch.status = end

    def _reply(self, dialect: Dialect, body: ChatBody, *, is_first: bool) -> Reply:
        if is_first and self._meets("error_500"):
            return status(500, {"error": {"message": "it broke"}})
        if is_first and self._meets("error_400"):
            return status(400, {"error": {"message": "no such parameter"}})
        return self._reply_to(dialect, body)

    def _spoil(self, answers: list[bytes]) -> None:
        if answers and self._meets("missing"):
            del answers[0]
        if answers and self._meets("duplicated"):
            first = json.loads(answers[0])
            first["response"]["body"]["choices"][0]["message"]["content"] = "another text"
            answers.append(as_json(first))
        if answers and self._meets("stranger"):
            first = json.loads(answers[0])
            answers += [as_json({**first, "custom_id": "of-nobody"}), b"no JSON", b"[]"]
            del first["custom_id"]
            answers.append(as_json(first))


def _line(
    custom_id: str,
    *,
    code: int = 0,
    body: object = None,
    error: Mapping[str, Any] | None = None,
) -> bytes:
    response = {"status_code": code, "request_id": "req", "body": body} if code else None
    return as_json({"id": "r", "custom_id": custom_id, "response": response, "error": error})


def _dialect_of(url: str) -> Dialect:
    path = url if url.startswith("/v1/") else f"/v1{url}"
    return next(dialect for dialect in DIALECTS if path in dialect.paths)


def _answered(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))


def _lost(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response()
