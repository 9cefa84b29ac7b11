"""Studio's page over a scripted interface: a run of any size that goes, as fast as it is told to.

`scripted(nodes, events_a_second)` listens on loopback and serves the page's build with the real
headers, and of `/api` what the page of a run asks for, made from the server's own shapes.
`python -m benchmarks.studio_scripted` stays open, to be looked at.
"""

import asyncio
import contextlib
import json
import random
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sygra_eval.studio.graphs import (
    GraphEdge,
    GraphNode,
    GraphValidator,
    LoopRule,
    SuiteGraph,
)
from sygra_eval.studio.live.told import (
    Control,
    Delta,
    EdgeCount,
    EndedRow,
    EndpointNow,
    FinishedRound,
    FinishedVisit,
    GuardCount,
    LoopCount,
    LoopSteps,
    Moved,
    NodeCount,
    Outcomes,
    Pace,
    RunBudget,
    RunCounts,
    RunSnapshot,
    Spending,
    ValidatorCount,
)
from sygra_eval.studio.security import HEADERS

STATIC = Path(__file__).parents[1] / "sygra_eval" / "studio" / "static"
SUITE, RUN = "scripted", "20261126-080000"
TOPIC = f"run:{SUITE}/{RUN}"
COUNTS_A_SECOND = 10
TICK_S = 0.02
MOVED_SHARE = 0.2
COLUMN = 10
_WORDS = "def answer(rows):\n    return [row for row in rows if row.is_right]\n"


def graph_of(nodes: int) -> SuiteGraph:
    """Return columns of ten nodes, here and there with a loop; the first node is a critique loop.

    :param nodes: How many nodes are drawn, the loop's steps and the validators too.
    """
    plain = max(1, nodes - 10)
    names = [f"node_{number:03}" for number in range(plain)]
    edges = [_edge("START", "solve"), *(_edge("solve", name) for name in names[:COLUMN])]
    loops = []
    for at, name in enumerate(names):
        after = at + COLUMN
        if after >= plain:
            edges.append(_edge(name, "END"))
            continue
        edges.append(_edge(name, names[after], when="score > 0.5" if at % 7 == 0 else None))
        if at % 50 == 20:
            edges.append(_edge(names[after], name, most=3, is_back=True))
            loops.append([name, names[after]])
    rule = LoopRule(
        steps=["draft", "critique", "revise"],
        max_rounds=4,
        sentinel="NO MORE FEEDBACK",
        accepted_by=["unit_tests"],
    )
    solve = _node("solve", "critique_loop", loop=rule)
    kinds = ("llm", "multi_llm", "lambda", "weighted_sampler")
    return SuiteGraph(
        nodes=[solve, *(_node(name, kinds[at % 4]) for at, name in enumerate(names))],
        edges=edges,
        loops=loops,
        max_visits=25,
    )


def _node(name: str, kind: str, loop: LoopRule | None = None) -> GraphNode:
    models = ["author", "critic"] if loop else ["author"] if kind.endswith("llm") else []
    return GraphNode(
        name=name, kind=kind, models=models, outputs=["answer"], loop=loop, inner=None, line=None
    )


def _edge(
    source: str,
    target: str,
    when: str | None = None,
    most: int | None = None,
    *,
    is_back: bool = False,
) -> GraphEdge:
    return GraphEdge(source=source, target=target, when=when, most=most, is_back=is_back)


VALIDATORS = [
    GraphValidator(name=name, kind=name, is_required=required)
    for name, required in (("python_compiles", True), ("unit_tests", True), ("judge", False))
]


class Script:
    """What the run does: each step is one more row on its way, drawn from a fixed seed."""

    def __init__(self, graph: SuiteGraph) -> None:
        self.graph = graph
        self.steps = 0
        self._random = random.Random(7)  # noqa: S311 - a script, no secret

    def snapshot(self) -> RunSnapshot:
        """Return the run as its page first asks for it."""
        return RunSnapshot(
            suite=SUITE,
            run=RUN,
            suite_path=None,
            variant="default",
            command=f"sygra-eval run suites/{SUITE}.yaml --budget 2.50",
            started="2026-11-26T08:00:00+00:00",
            cause="",
            exit_code=None,
            exit_reason="",
            gates=[],
            warnings=[],
            isolation="box(user, pid, net, seccomp)",
            graph=self.graph,
            validators=VALIDATORS,
            counts=self.counts(),
            endpoints=[
                EndpointNow(
                    of="http://127.0.0.1:8000/v1",
                    is_model=False,
                    in_flight=14,
                    waiting=3,
                    max_concurrency=16,
                    requests_per_minute=None,
                    tokens_per_minute=None,
                    circuit="closed",
                )
            ],
            control=Control(
                can_pause=True, can_kill=True, can_resume=False, why_not="", has_deltas=True
            ),
            error="",
        )

    def counts(self) -> RunCounts:
        """Return all counts, as the server tells them ten times a second."""
        done = self.steps // 5
        verified, rejected = done * 83 // 100, done * 15 // 100
        return RunCounts(
            state="running",
            rows=done,
            total=100_000,
            in_flight=17,
            outcomes=Outcomes(
                verified=verified,
                rejected=rejected,
                failed=done - verified - rejected,
                unjudged=0,
            ),
            surplus=0,
            verified_rate=0.83,
            verified_low=0.745,
            verified_high=0.899,
            nodes={
                node.name: NodeCount(
                    waiting=self._random.randrange(4),
                    running=self._random.randrange(6),
                    ok=self.steps + at,
                    failed=self.steps // 90 if at % 9 == 0 else 0,
                    guards={},
                    blocked=self.steps // 400 if at % 11 == 0 else 0,
                    calls=self.steps,
                    tokens=self.steps * 300,
                    cost_usd=self.steps * 0.0001,
                    unpriced=0,
                    latency_s=1.31,
                )
                for at, node in enumerate(self.graph.nodes)
            },
            edges=[
                EdgeCount(source=edge.source, target=edge.target, times=self.steps + at)
                for at, edge in enumerate(self.graph.edges)
            ],
            loops=[
                LoopCount(
                    node="solve",
                    ended=done,
                    rounds_min=1,
                    rounds_max=4,
                    rounds_mean=1.9,
                    stop_reasons={"sentinel": done * 7 // 10, "max_rounds": done * 3 // 10},
                    by_round={"1": done, "2": done // 2, "3": done // 4, "4": done // 9},
                    steps=LoopSteps(
                        draft=done,
                        verify=done * 2,
                        critique=done * 2,
                        revise=done,
                        back=done,
                    ),
                    refused=done // 50,
                )
            ],
            validators={
                one.name: ValidatorCount(
                    passed=verified, failed=rejected, error=done // 40, skipped=0
                )
                for one in VALIDATORS
            },
            guardrails=[GuardCount(name="secrets", actions={"block": self.steps // 400})],
            spending=Spending(
                cost_usd=self.steps * 0.0001,
                tokens=self.steps * 300,
                calls=self.steps,
                from_cache=0,
                unpriced=0,
                all_cost_usd=1.37,
                all_tokens=900_000,
                budget=RunBudget(cost_usd=2.5, tokens=None, calls=None, time_s=3600),
                left_usd=2.5 - self.steps * 0.0001,
                left_tokens=None,
            ),
            pace=Pace(rows_per_s=100.0, elapsed_s=self.steps / 500, left_s=990.0),
            is_whole=True,
            is_live=True,
            said="",
            damaged=0,
        )

    def moved(self) -> Moved:
        """Return the end of a row, of a round and of a visit."""
        row = f"row-{self.steps}"
        name = self._random.choice(self.graph.nodes).name
        outcome = "verified" if self.steps % 5 else "rejected"
        return Moved(
            rows=[EndedRow(row=row, index=self.steps, outcome=outcome, reason="")],
            rounds=[
                FinishedRound(
                    row=row,
                    node="solve",
                    number=self.steps % 4 + 1,
                    accepted=bool(self.steps % 3),
                    passed=self.steps % 6,
                    tests=6,
                    sentinel="absent",
                )
            ],
            visits=[FinishedVisit(row=row, node=name)],
            left_out=0,
        )

    def delta(self) -> Delta:
        """Return a piece of an answer that is being written."""
        at = self._random.randrange(len(self.graph.nodes))
        begin = self._random.randrange(len(_WORDS) - 8)
        return Delta(
            row=f"row-{self.steps // 60}",
            node=self.graph.nodes[at].name,
            step="draft" if self.graph.nodes[at].loop is not None else None,
            validator=None,
            call=f"{at}/draft/1",
            text=_WORDS[begin : begin + 8],
            is_cut=False,
        )


def app_of(script: Script, events_a_second: int) -> Starlette:
    """Return the server; its events come as fast as was asked, however many listen."""

    async def events(_request: Request) -> Response:
        return StreamingResponse(
            _told(script, events_a_second),
            media_type="text/event-stream",
            headers={**HEADERS, "cache-control": "no-store"},
        )

    async def snapshot(_request: Request) -> Response:
        return JSONResponse(script.snapshot().model_dump(), headers=dict(HEADERS))

    async def version(_request: Request) -> Response:
        told = {"version": "0", "workspace": "/scripted", "is_read_only": False}
        return JSONResponse(told, headers=dict(HEADERS))

    async def nothing(_request: Request) -> Response:
        return JSONResponse([], headers=dict(HEADERS))

    async def file(request: Request) -> Response:
        path = (STATIC / (request.path_params["name"] or "index.html")).resolve()
        if not path.is_relative_to(STATIC) or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, headers=dict(HEADERS))

    return Starlette(
        routes=[
            Route("/api/events", events),
            Route(f"/api/runs/{SUITE}/{RUN}", snapshot),
            Route("/api/version", version),
            Route("/api/{rest:path}", nothing),
            Route("/{name:path}", file),
        ]
    )


async def _told(script: Script, events_a_second: int) -> AsyncIterator[str]:
    """Yield events: counts ten times a second, and of the rest a fifth ends and else text."""
    began, sent = time.monotonic(), 0
    counted = 0
    while True:
        passed = time.monotonic() - began
        told: list[str] = []
        if counted <= passed * COUNTS_A_SECOND:
            counted += 1
            told.append(_message("counts", script.counts().model_dump()))
        while sent + len(told) < passed * events_a_second:
            script.steps += 1
            if script.steps % round(1 / MOVED_SHARE) == 0:
                told.append(_message("moved", script.moved().model_dump()))
            else:
                told.append(_message("deltas", [script.delta().model_dump()]))
        sent += len(told)
        yield "".join(told)
        await asyncio.sleep(TICK_S)


def _message(event: str, data: object) -> str:
    told: Mapping[str, object] = {"topic": TOPIC, "event": event, "data": data}
    return f"data: {json.dumps(told)}\n\n"


@contextlib.contextmanager
def scripted(nodes: int, events_a_second: int, port: int = 0) -> Iterator[str]:
    """Serve a run of a graph with so many nodes; yields the page's address."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        app = app_of(Script(graph_of(nodes)), events_a_second)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, ws="none", lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.force_exit = True
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    asked = [int(one) for one in sys.argv[1:]] or [24, 100]
    with scripted(*asked[:2]) as address:
        sys.stdout.write(f"{address}#/runs/{SUITE}/{RUN}\n")
        sys.stdout.flush()
        threading.Event().wait()
