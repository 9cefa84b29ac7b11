import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sygra_eval.journal import call_key, request_hash
from sygra_eval.values import CallSite, ChatRequest, ChatResponse, Message, Usage


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def call() -> Callable[..., tuple[bytes, CallSite, bytes, ChatResponse]]:
    """What `commit_call` takes for the answer to one question of one record."""

    def build(record: str = "r1", text: str = "42", tokens: int = 7):
        request = ChatRequest(messages=(Message("user", f"what of {record}?"),))
        site = CallSite(record=record, node="solve/draft")
        usage = Usage(prompt_tokens=tokens, completion_tokens=1)
        response = ChatResponse(text=text, finish_reason="stop", usage=usage, latency_s=0.5)
        return call_key("m", request, site), site, request_hash("m", request), response

    return build


@pytest.fixture
def after_kill(tmp_path) -> Callable[[Path], Path]:
    """The files of a journal as they are on disk now, in a folder of their own."""

    def copy(path: Path) -> Path:
        folder = tmp_path / f"after_kill_{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for file in (path, path.with_name(path.name + "-wal")):
            if file.exists():
                shutil.copy(file, folder)
        return folder / path.name

    return copy
