"""A real Jupyter kernel runs a small notebook; what it shows and how it is interrupted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

pytestmark = [
    # Jupyter says these of its own code, the kernel's client of sockets that its process closes.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SETUP = """
import sygra_eval, time
from sygra_eval import Status, Verdict, hookimpl
from sygra_eval.values import ChatResponse, Usage

class Slow:
    identity = label = endpoint = "slow"
    max_in_flight = 4
    def __init__(self, spec): pass
    async def open(self): pass
    async def close(self): pass
    async def complete(self, request):
        import asyncio
        await asyncio.sleep(0.05)
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        return ChatResponse(text=request.messages[-1].content, finish_reason="stop", usage=usage)

async def fine(candidate, ctx):
    return Verdict(validator=ctx.validator.name, status=Status.PASS, reason="fine")

class Plugin:
    @hookimpl
    def sygra_register_models(self, register): register("slow", Slow)
    @hookimpl
    def sygra_register_validators(self, register): register("fine", fine)

suite = {
    "suite": {"name": "noted"},
    "models": {"author": {"use": "slow"}},
    "graph_config": {
        "nodes": {"solve": {"node_type": "llm", "model": "author", "prompt": "{question}",
                            "output_keys": "answer"}},
        "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
    },
    "quality": {"validators": [{"use": "fine"}]},
    "sandbox": {"isolation": "none", "i_accept_the_risk": True},
}
asked = {"plugins": [Plugin()], "out": OUT, "id": "id"}
slow = {key: value for key, value in asked.items() if key != "id"}
rows = [{"id": f"<b>{n}</b>", "question": "<script>alert(1)</script>"} for n in range(60)]
"""


class Client(nbclient.NotebookClient):
    """Keeps what the kernel shows, in its order, where a notebook keeps the last look only."""

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        data = msg["content"].get("data", {})
        if "text/html" in data:
            self.seen.put_nowait((msg["msg_type"], data["text/html"]))
        return super().process_message(msg, cell, cell_index)


class Notebook:
    """A kernel, what its cells end with, and what they show meanwhile."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.seen = self._seen = asyncio.Queue()

    async def run(self, source: str) -> list[Any]:
        """Run a cell, which may fail, and return its outputs."""
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
        self._client.nb.cells.append(cell)
        await self._client.async_execute_cell(cell, len(self._client.nb.cells) - 1)
        return list(cell.outputs)

    def looks(self) -> list[tuple[str, str]]:
        """Return the type of each message with HTML and the HTML, since the last call."""
        return [self._seen.get_nowait() for _ in range(self._seen.qsize())]

    async def interrupted(self, source: str) -> list[Any]:
        """Run a cell and press the button once it shows that rows have ended."""
        self.looks()
        running = asyncio.create_task(self.run(source))
        while not ("<th>verified</th>" in (await self._seen.get())[1] or running.done()):
            pass
        await self._client.km.interrupt_kernel()
        return await running


@pytest.fixture
async def notebook(tmp_path: Path) -> AsyncIterator[Notebook]:
    client = Client(nbformat.v4.new_notebook(), timeout=120, kernel_name="python3")
    async with client.async_setup_kernel(cwd=str(tmp_path)):
        notebook = Notebook(client)
        assert await notebook.run(f"OUT = {str(tmp_path / 'out')!r}\n{SETUP}") == []
        yield notebook


def html_of(outputs: list[Any]) -> list[str]:
    return [o["data"]["text/html"] for o in outputs if "text/html" in o.get("data", {})]


def error_of(outputs: list[Any]) -> str:
    return "".join(f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error")


def text_of(outputs: list[Any]) -> str:
    return "".join(str(o.data.get("text/plain")) for o in outputs if "data" in o)


async def test_a_notebook_runs_awaits_shows_and_interrupts(notebook):
    blocking = await notebook.run("result = sygra_eval.run(suite, rows=rows, **asked); result")
    looks = notebook.looks()
    awaited = await notebook.run("(await sygra_eval.arun(suite, rows=rows, **asked)).counts")
    quiet = await notebook.run("_ = sygra_eval.run(suite, rows=rows[:2], show=False, **asked)")
    pressed = await notebook.interrupted("sygra_eval.run(suite, rows=rows * 4, **slow)")
    went_on = await notebook.run(
        "import sys\nerror = sys.last_value\n"
        "r = sygra_eval.resume(error.result, plugins=asked['plugins'], show=False)\n"
        "(error.result.can_be_resumed, error.result.rows_done < 240, r.rows_done)"
    )
    cancelled = await notebook.interrupted("await sygra_eval.arun(suite, rows=rows * 4, **slow)")
    after = await notebook.run(
        "import threading; [t.name for t in threading.enumerate() if 'sygra' in t.name]"
    )

    # The table changes in its place, and what rows hold is text in it.
    table, report = html_of(blocking)
    assert looks[0] == ("display_data", looks[0][1])
    assert {kind for kind, _ in looks[1:-1]} == {"update_display_data"}
    assert "<th>state</th><td>starting</td>" in looks[0][1]
    assert any("<th>state</th><td>running</td>" in html for _, html in looks)
    assert any("&lt;b&gt;" in html for _, html in looks)
    assert "<b>" not in "".join(html for _, html in looks)
    assert "<th>state</th><td>finished</td>" in table
    assert "<th>verified</th><td>60</td>" in table
    assert report.startswith("<table")
    assert "<pre>" in report
    # A loop that is running already is no obstacle, nor is it one to be awaited on.
    assert "'verified': 60" in text_of(awaited)
    assert "<td>finished</td>" in html_of(awaited)[0]
    assert quiet == []
    # The button drains, and what was interrupted goes on.
    assert "RunInterrupted: interrupted; " in error_of(pressed)
    assert "(True, True, 240)" in text_of(went_on)
    assert "CancelledError" in error_of(cancelled) or "KeyboardInterrupt" in error_of(cancelled)
    assert "[]" in text_of(after)
