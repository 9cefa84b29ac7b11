"""A real server on loopback gives the rows; what is missing of them is always said."""

import asyncio
import gzip
import json
import os
import socket
from contextlib import suppress

import pyarrow as pa
import pytest
from aiohttp import web
from pydantic import ValidationError

from sygra_eval.data import download
from sygra_eval.data.http_config import HttpConfig
from sygra_eval.data.http_source import HttpSource
from sygra_eval.values import BadRow, Row, SourceSpec, UsageError

ROWS = [{"id": f"r{number}", "text": os.urandom(300).hex()} for number in range(2_000)]
DATA = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
TOKEN = "t0ken-that-nobody-may-see"


class FileServer:
    """Serves one file, in the ways in which servers do."""

    def __init__(self):
        self.data = DATA
        self.headers = {"ETag": '"one"'}
        self.requests: list[web.Request] = []
        self.breaks_after: list[int] = []
        self.statuses: list[tuple[int, dict[str, str]]] = []
        self.goes_to = ""
        self.answers_ranges = True
        self.port = 0

    def url(self, path="/data/rows.jsonl", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    async def dispatch(self, request):
        return await self.answer(request)  # which a test may replace

    async def answer(self, request):
        self.requests.append(request)
        if request.path == "/moved":
            raise web.HTTPFound(self.goes_to)
        if self.statuses:
            code, headers = self.statuses.pop(0)
            return web.Response(status=code, headers=headers)
        start = 0
        is_same = request.headers.get("If-Range") == self.headers.get("ETag")
        if "Range" in request.headers and self.answers_ranges and is_same:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        body = self.data[start:]
        answer = web.StreamResponse(status=206 if start else 200, headers=self.headers)
        answer.content_length = len(body)
        await answer.prepare(request)
        if self.breaks_after:
            await answer.write(body[: self.breaks_after.pop(0)])
            request.transport.close()
            return answer
        await answer.write(body)
        return answer


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    serving = FileServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serving.dispatch)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    serving.port = site._server.sockets[0].getsockname()[1]
    yield serving
    await runner.cleanup()


def source(url, folder, **config):
    spec = SourceSpec(type="http", config=HttpConfig(url=url, id="id", **config), folder=folder)
    return HttpSource(spec)


async def read(source) -> list[Row | BadRow]:
    return [row async for row in source.rows()]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize("path", ["/data/rows.jsonl", "/data/rows.jsonl.gz", "/rows", "/rows.zst"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd])
async def test_rows_come_packed_or_not_whatever_the_name_says(server, tmp_path, path, packed):
    server.data = packed(DATA)

    rows = await read(source(server.url(path), tmp_path))

    assert [row.columns for row in rows] == ROWS
    assert rows[2].origin == f"{path.rpartition('/')[2]}:3"
    assert len(server.requests) == 1


async def test_what_is_packed_only_on_the_way_is_unpacked_too(server, tmp_path):
    server.data = gzip.compress(gzip.compress(DATA))
    server.headers["Content-Encoding"] = "gzip"

    assert len(await read(source(server.url(), tmp_path))) == len(ROWS)


async def test_it_is_downloaded_once_for_all_who_read_and_kept_for_the_resume(server, tmp_path):
    spec = SourceSpec(type="http", config=HttpConfig(url=server.url(), id="id"), folder=tmp_path)
    first, second = HttpSource(spec), HttpSource(spec)
    rows = await read(first)
    await second.keep_in(tmp_path)

    kept = SourceSpec(type="http", config=spec.config, folder=tmp_path, kept_in=tmp_path)
    resumed = HttpSource(kept)

    assert list(resumed.check()) == []
    assert await read(resumed) == await read(second) == rows
    assert resumed.fingerprint() == first.fingerprint()
    assert len(server.requests) == 1


async def test_a_download_that_breaks_off_goes_on_where_it_was(server, tmp_path):
    server.breaks_after = [100_000, 300_000, 5]

    rows = await read(source(server.url(), tmp_path))

    assert [row.columns for row in rows] == ROWS
    ranges = [request.headers.get("Range") for request in server.requests]
    assert ranges[0] is None
    assert all(ranges[1:])
    assert len(ranges) == 4


@pytest.mark.parametrize("why", ["no validator", "weak validator", "no ranges", "changed"])
async def test_a_download_that_cannot_go_on_is_an_error_and_never_fewer_rows(server, tmp_path, why):
    server.breaks_after = [len(DATA) // 2]
    match why:
        case "no validator":
            server.headers = {}
        case "weak validator":
            server.headers = {"ETag": 'W/"one"'}
        case "no ranges":
            server.answers_ranges = False
        case "changed":
            answer = server.answer

            async def changing(request):
                if server.requests:
                    server.headers = {"ETag": '"two"'}
                return await answer(request)

            server.answer = changing
    rows = source(server.url(), tmp_path)

    with pytest.raises(UsageError, match="broke off"):
        await read(rows)
    with pytest.raises(UsageError, match="broke off"):
        await rows.keep_in(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_server_that_keeps_breaking_off_is_given_up(server, tmp_path):
    server.breaks_after = [1000] + 100 * [0]

    with pytest.raises(UsageError, match="after 1,000 bytes"):
        await read(source(server.url(), tmp_path))

    assert len(server.requests) == download.MOST_TRIES


@pytest.mark.parametrize(
    ("statuses", "said", "asked"),
    [
        ([404], "the server answered 404 Not Found", 1),
        ([401], "the server answered 401 Unauthorized; a key goes into", 1),
        ([500, 500, 500, 500], "the server answered 500 Internal Server Error", 4),
        ([204], "the server answered 204 No Content", 1),
    ],
)
async def test_a_status_is_named_and_tried_again_where_that_may_help(
    server, tmp_path, statuses, said, asked
):
    server.statuses = [(status, {}) for status in statuses]

    with pytest.raises(UsageError, match=f"127.0.0.1.*{said}"):
        await read(source(server.url(), tmp_path))

    assert len(server.requests) == asked


async def test_a_busy_server_is_asked_again(server, tmp_path):
    server.statuses = [(503, {}), (429, {"Retry-After": "0"})]

    assert len(await read(source(server.url(), tmp_path))) == len(ROWS)


async def test_nobody_there_and_a_name_nobody_has_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(UsageError, match="nothing listens there"):
        await read(source(f"http://127.0.0.1:{port}/rows.jsonl", tmp_path))
    with pytest.raises(UsageError, match=r"there is no host `no-such-host\.invalid`"):
        await read(source("http://no-such-host.invalid/rows.jsonl", tmp_path))


async def test_a_server_that_falls_silent_is_not_waited_for(server, tmp_path):
    async def silent(request):
        answer = web.StreamResponse()
        answer.content_length = len(DATA)
        await answer.prepare(request)
        await answer.write(DATA[:1000])
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return answer

    server.answer = silent

    with pytest.raises(UsageError, match=r"nothing came for 0\.2 s"):
        await read(source(server.url(), tmp_path, timeout_s=0.2))


async def test_a_length_that_nobody_knows_is_refused(tmp_path):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + DATA[:1000])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        with pytest.raises(UsageError, match="does not say how long the file is"):
            await read(source(f"http://127.0.0.1:{port}/rows.jsonl", tmp_path))


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd])
async def test_too_much_is_refused_also_where_it_is_packed(server, tmp_path, packed):
    server.data = packed(b'{"id": "' + b"a" * (3 << 20) + b'"}\n')

    with pytest.raises(UsageError, match=r"more than 1 MiB.*`most_mib`"):
        await read(source(server.url(), tmp_path, most_mib=1))


async def test_a_packed_file_that_is_damaged_is_said(server, tmp_path):
    server.data = zstd(DATA)[:-100]

    with pytest.raises(UsageError, match="cannot be unpacked"):
        await read(source(server.url(), tmp_path))


async def test_a_secret_goes_to_its_own_server_and_nowhere_else(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", f"Bearer {TOKEN}")
    own = {"headers_env": {"Authorization": "MY_TOKEN"}}

    for host in ("127.0.0.1", "localhost"):
        server.goes_to = server.url("/rows.jsonl", host)
        assert len(await read(source(server.url("/moved"), tmp_path, **own))) == len(ROWS)

    sent = [request.headers.get("Authorization") for request in server.requests]
    assert sent == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", f"Bearer {TOKEN}", None]


async def test_no_message_holds_a_secret(server, tmp_path, monkeypatch):
    own = {"headers_env": {"X-Key": "MY_TOKEN"}}
    monkeypatch.setenv("MY_TOKEN", f"{TOKEN}\r\nX-Other: 1")
    with pytest.raises(UsageError, match="MY_TOKEN holds what is no header") as inside:
        await read(source(server.url(), tmp_path, **own))
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    server.statuses = [(403, {})]
    with pytest.raises(UsageError, match="is the value of `headers_env` right") as refused:
        await read(source(server.url(), tmp_path, **own))

    assert TOKEN not in str(inside.value) + str(refused.value)


async def test_endless_redirects_and_other_schemes_are_refused(server, tmp_path):
    for place in (server.url("/moved"), "file:///etc/passwd", "ftp://127.0.0.1/rows"):
        server.goes_to = place
        with pytest.raises(UsageError, match="redirected"):
            await read(source(server.url("/moved"), tmp_path))


def test_what_is_wrong_is_said_before_anything_is_sent(tmp_path):
    (missing,) = source("http://h/x", tmp_path, headers_env={"X-Key": "NO_SUCH"}).check()
    (password,) = source("http://u:s3cret@h/x", tmp_path).check()

    assert (missing.code, missing.at) == ("source-failed", ("headers_env",))
    assert "export NO_SUCH=" in missing.message
    assert (password.code, password.at) == ("secret-in-suite", ("url",))
    assert "s3cret" not in password.message


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "rows.jsonl", "http://", "http://h:x/", "a b"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValidationError):
        HttpConfig(url=url)
