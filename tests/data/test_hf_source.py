"""A data set of a hub on loopback, which speaks what huggingface_hub asks of the real one."""

import asyncio
import hashlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import pyarrow as pa
import pytest
from pyarrow import parquet

from sygra_eval.data.hf_config import HfConfig
from sygra_eval.data.hf_source import HfSource
from sygra_eval.values import BadRow, SourceSpec, UsageError

TOKEN = "hf_t0kenThatNobodyMaySee"


def parquet_of(*rows) -> bytes:
    made = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows)), made)
    return made.getvalue()


def lines_of(*rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Hub:
    """Repositories by name, each a list of commits; a commit is its files."""

    def __init__(self):
        self.commits: list[dict[str, bytes]] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.requires = ""
        self.is_gated = False

    def push(self, **files: bytes):
        self.commits.append({name.replace("__", "/"): data for name, data in files.items()})

    def sha(self, number=-1) -> str:
        number = number % len(self.commits)
        return hashlib.sha1(str(number).encode()).hexdigest()  # noqa: S324

    def files_of(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.sha(), self.commits[-1]
        for number, files in enumerate(self.commits):
            if revision in (self.sha(number), f"v{number}"):
                return self.sha(number), files
        return None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        self.asked.append((request.command, path, request.headers.get("Authorization")))
        api, resolve = "/api/datasets/me/data", "/datasets/me/data/resolve/"
        if self.requires and request.headers.get("Authorization") != f"Bearer {self.requires}":
            return self.say(request, 401, b"{}", **{"X-Error-Code": "RepoNotFound"})
        if self.is_gated:
            return self.say(request, 403, b"{}", **{"X-Error-Code": "GatedRepo"})
        if path == api or path.startswith(f"{api}/revision/"):
            found = self.files_of(path.removeprefix(f"{api}/revision/") if path != api else "main")
            if found is None:
                return self.say(request, 404, b"{}", **{"X-Error-Code": "RevisionNotFound"})
            return self.say(request, 200, json.dumps({"id": "me/data", "sha": found[0]}).encode())
        if path.startswith(f"{api}/tree/"):
            _, files = self.files_of(path.removeprefix(f"{api}/tree/").strip("/"))
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": oid(data)}
                for name, data in files.items()
            ]
            return self.say(request, 200, json.dumps(tree).encode())
        if path.startswith(resolve):
            revision, _, name = path.removeprefix(resolve).partition("/")
            commit, files = self.files_of(revision)
            data = files[name]
            return self.say(request, 200, data, ETag=f'"{oid(data)}"', **{"X-Repo-Commit": commit})
        return self.say(request, 404, b"{}", **{"X-Error-Code": "RepoNotFound"})

    def say(self, request, status, body, **headers):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


def oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()  # noqa: S324


@pytest.fixture
def hub(monkeypatch, tmp_path):
    serving = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            serving.answer(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield serving
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def source(tmp_path):
    def build(kept_in=None, **config) -> HfSource:
        given = HfConfig(**{"repo_id": "me/data", "id": "id", **config})
        return HfSource(SourceSpec(type="hf", config=given, folder=tmp_path, kept_in=kept_in))

    return build


async def read(source) -> list:
    return [row async for row in source.rows()]


SHARDS = {
    "data__train-00000-of-00002.parquet": parquet_of({"id": "a", "n": 1}, {"id": "b", "n": 2}),
    "data__train-00001-of-00002.parquet": parquet_of({"id": "c", "n": 3}),
    "data__test-00000-of-00001.parquet": parquet_of({"id": "d", "n": 4}),
    "load.py": b"raise SystemExit('run')",
}


async def test_the_files_of_a_split_are_read_in_order(hub, source):
    hub.push(**SHARDS)
    rows = source()

    assert list(rows.check()) == []
    assert [(row.id, row.index, row.columns["n"], row.origin) for row in await read(rows)] == [
        ("a", 0, 1, "data/train-00000-of-00002.parquet:1"),
        ("b", 1, 2, "data/train-00000-of-00002.parquet:2"),
        ("c", 2, 3, "data/train-00001-of-00002.parquet:1"),
    ]
    assert not any(
        path.endswith(("load.py", "test-00000-of-00001.parquet")) for _, path, _ in hub.asked
    )


async def test_several_splits_follow_each_other(hub, source):
    hub.push(**SHARDS)

    assert [row.id for row in await read(source(split=["test", "train"]))] == ["d", "a", "b", "c"]


async def test_a_run_keeps_its_commit_whatever_is_pushed_meanwhile(hub, source, tmp_path):
    hub.push(**SHARDS)
    begun = source()
    await begun.keep_in(tmp_path)
    rows = await read(begun)
    hub.push(**{"data__train-00000-of-00001.parquet": parquet_of({"id": "other", "n": 0})})
    hub.asked.clear()

    resumed = source(kept_in=tmp_path)

    assert resumed.fingerprint() == begun.fingerprint()
    assert await read(resumed) == rows
    assert hub.asked == []  # all of it is in the cache
    anew = source()
    assert anew.fingerprint() != begun.fingerprint()
    assert [row.id for row in await read(anew)] == ["other"]


@pytest.mark.parametrize("revision", ["v0", None])
async def test_a_revision_is_what_is_read(hub, source, revision):
    hub.push(**{"train.jsonl": lines_of({"id": "old"})})
    hub.push(**{"train.jsonl": lines_of({"id": "new"})})

    rows = await read(source(revision=revision))

    assert [row.id for row in rows] == ["old" if revision else "new"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("train.jsonl", lines_of({"id": "a", "n": "1"}, {"id": "b", "n": "2"})),
        ("train.json", json.dumps([{"id": "a", "n": "1"}, {"id": "b", "n": "2"}]).encode()),
        ("train.json", lines_of({"id": "a", "n": "1"}, {"id": "b", "n": "2"})),
        ("train.csv", b"id,n\na,1\nb,2\n"),
        ("train.parquet", parquet_of({"id": "a", "n": "1"}, {"id": "b", "n": "2"})),
    ],
)
async def test_without_parquet_other_forms_are_read(hub, source, name, data):
    hub.push(**{name: data, "README.md": b"---\nlicense: mit\n---\n"})
    rows = source()

    assert list(rows.check()) == []
    assert [row.columns for row in await read(rows)] == [
        {"id": "a", "n": "1"},
        {"id": "b", "n": "2"},
    ]


async def test_a_broken_line_costs_itself(hub, source):
    hub.push(**{"train.jsonl": b'{"id": "a"}\n{broken\n{"id": "c"}\n'})

    first, bad, last = await read(source())

    assert (first.id, last.id, last.index) == ("a", "c", 2)
    assert isinstance(bad, BadRow)
    assert bad.origin == "train.jsonl:2"


@pytest.mark.parametrize(
    ("config", "code", "at", "said"),
    [
        (
            {"split": "tets"},
            "unknown-split",
            "split",
            "no split `tets`; its splits: `test`, `train`",
        ),
        ({"repo_id": "me/none"}, "source-failed", "repo_id", "the hub has no such data set"),
        ({"revision": "gone"}, "source-failed", "repo_id", "it has no such revision"),
        ({"config_name": "x"}, "source-failed", "repo_id", "no configuration `x`"),
        ({"token_env": "NO_SUCH"}, "source-failed", "token_env", "export NO_SUCH="),
        ({"id": "task"}, "unknown-column", "id", "its columns: `id`, `n`"),
    ],
)
def test_what_is_wrong_is_said_before_a_row_is_read(hub, source, config, code, at, said):
    hub.push(**SHARDS)

    (problem,) = source(**config).check()

    assert (problem.code, problem.at) == (code, (at,))
    assert said in problem.message


def test_a_gated_set_says_whom_to_ask(hub, source):
    hub.push(**SHARDS)
    hub.is_gated = True

    (problem,) = source().check()

    assert "its owner has to let you in" in problem.message


def test_scripts_alone_are_no_data(hub, source):
    hub.push(**{"data.py": b"raise SystemExit('run')"})

    (problem,) = source().check()

    assert "its splits: none whose files can be read" in problem.message


def test_a_hub_that_is_not_there_is_said(source, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    (problem,) = source().check()

    assert (problem.code, problem.at) == ("source-failed", ("repo_id",))
    assert "the hub cannot be asked" in problem.message


async def test_a_token_is_sent_and_kept_nowhere(hub, source, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    hub.push(**SHARDS)
    hub.requires = TOKEN
    run = tmp_path / "run"
    run.mkdir()
    rows = source(token_env="MY_TOKEN")  # noqa: S106
    await rows.keep_in(run)

    assert len(await read(rows)) == 3
    assert {sent for _, _, sent in hub.asked} == {f"Bearer {TOKEN}"}
    assert all(TOKEN.encode() not in file.read_bytes() for file in run.iterdir())


async def test_what_a_run_kept_is_damaged(source, tmp_path, hub):
    hub.push(**SHARDS)
    await source().keep_in(tmp_path)
    (kept,) = tmp_path.glob("input-*.json")
    kept.write_text("{")

    with pytest.raises(UsageError, match="damaged"):
        await asyncio.to_thread(source(kept_in=tmp_path).fingerprint)
