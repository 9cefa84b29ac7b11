"""Serves the deterministic model of the golden data (`fake_sygra.py`) on loopback, as a child.

    python benchmarks/sygra_server.py FOLDER LOG

FOLDER holds `fake_sygra.py`; the port is printed when the server answers. That file is an ASGI
application that wants uvicorn; here aiohttp carries it, which is installed anyway.
"""

import asyncio
import json
import sys
import types
from pathlib import Path
from typing import Any

from aiohttp import web


async def carried(request: web.Request) -> web.Response:
    """Hand a request to the application, and its answer back."""
    import fake_sygra  # of the golden data

    body = await request.read()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": request.path, "headers": []}
    await fake_sygra.app(scope, receive, send)
    start = next(one for one in sent if one["type"] == "http.response.start")
    content = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body")
    headers = {k.decode(): v.decode() for k, v in start["headers"] if k != b"content-length"}
    return web.Response(status=start["status"], body=content, headers=headers)


def given_first(reply: Any, path: Path) -> Any:
    """Answer prompts that a file names with its texts, in order; all others as ever.

    So what SyGra drew by chance can be given to ours, and the calls behind it compared.
    """
    told: dict[str, int] = {}

    def answer(messages: Any, body: Any, digest: bytes, mode: Any) -> Any:
        given = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for words, texts in given.items():
            place = told.get(words, 0)
            if words in str(messages[0].get("content")) and place < len(texts):
                told[words] = place + 1
                return texts[place], None
        names = {tool["function"]["name"] for tool in body.get("tools") or ()}
        if "click_tool" in names:  # of a browser's agent: the golden server knows sums alone
            return None, [_a_click(digest)]
        return reply(messages, body, digest, mode)

    return answer


def _a_click(digest: bytes) -> dict[str, Any]:
    arguments = json.dumps({"x": 110.0 + digest[0] % 20, "y": 110.0})
    called = {"name": "click_tool", "arguments": arguments}
    return {"id": f"call_{digest.hex()[:8]}", "type": "function", "function": called}


async def serve(log: Path) -> None:
    """Serve until ended."""
    import fake_sygra  # of the golden data

    fake_sygra.LOG = str(log)
    fake_sygra.reply = given_first(fake_sygra.reply, log.with_suffix(".given.json"))
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{path:.*}", carried)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    sys.modules["uvicorn"] = types.ModuleType("uvicorn")
    asyncio.run(serve(Path(sys.argv[2])))
