"""Runs llama.cpp inside this process: single-threaded servers, each on a thread of its own.

One server a core beats more threads or slots in one server (52 against 28 tokens/s on two cores).
All models of the process with the same weights share one `ServerPool` (`lease`, `give_back`), so
that two roles or two runs do not load the weights twice and do not fight for the cores.
"""

import atexit
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sygra_eval.values import CallFailed, ModelUnavailable, RetryLater

START_S = 120.0
STOP_S = 10.0
# A draft is drawn several times from one prompt while other records take turns: kept prompts saved
# 30 % of the CPU for six records with four draws each on two servers. A token takes 12 KiB.
PROMPT_CACHE_MIB = 256
Answer = list[Mapping[str, Any]]  # the chunks of a streamed chat completion


@dataclass(slots=True, eq=False)
class Job:
    """One chat for a server; it ends early when it is aborted or its time is over.

    :ivar on_chunk: Told each chunk as it comes, in the thread of the server.
    """

    body: Mapping[str, Any]
    limit_s: float
    on_chunk: Callable[[Mapping[str, Any]], None] | None = None
    done: "Future[Answer]" = field(default_factory=Future)
    is_aborted: bool = False

    def abort(self) -> None:
        """Stop at the next token, from any thread."""
        self.is_aborted = True
        self.done.cancel()


class ServerPool:
    """Servers over one GGUF file; each job goes to the next one that is free, in order."""

    def __init__(self, gguf: Path, context: int) -> None:
        self.gguf = gguf
        self.context = context
        self.leases = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: set[Job] = set()
        self._is_stopping = False
        self._growing = threading.Lock()

    def grow_to(self, servers: int) -> None:
        """Start servers until there are as many; each has answered once when this returns."""
        with self._growing:
            engine = _engine()
            starting: list[Future[None]] = []
            for number in range(len(self._threads), servers):
                started: Future[None] = Future()
                thread = threading.Thread(
                    target=self._serve,
                    args=(engine, started),
                    name=f"embedded-{number}",
                    daemon=True,  # `stop` joins it, at exit at the latest
                )
                thread.start()
                self._threads.append(thread)
                starting.append(started)
            atexit.register(self.stop)
            _, late = wait(starting, timeout=START_S)
            if late:
                raise ModelUnavailable(f"the engine did not start within {START_S:g} s")
            for started in starting:
                started.result()

    def submit(
        self,
        body: Mapping[str, Any],
        *,
        limit_s: float,
        on_chunk: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Job:
        """Queue one chat; its `done` is a future of the streamed chunks."""
        job = Job(body, limit_s, on_chunk)
        self._jobs.put(job)
        return job

    def stop(self) -> None:
        """Abort what runs, release all servers and wait for their threads."""
        atexit.unregister(self.stop)
        self._is_stopping = True
        for job in tuple(self._running):
            job.is_aborted = True
        for _ in self._threads:
            self._jobs.put(None)
        ends_s = time.monotonic() + STOP_S  # a prompt that is being read cannot be interrupted
        for thread in self._threads:
            thread.join(max(0.0, ends_s - time.monotonic()))
        self._threads.clear()

    def _serve(self, engine: ModuleType, started: "Future[None]") -> None:
        try:
            server = engine.Server(self._parameters(engine))
            # A server that is released before its loop runs hangs; an answer proves that it runs.
            server.handle_chat_completions(_HELLO)
        except Exception as error:  # noqa: BLE001 (the boundary to the engine)
            what = f"the engine cannot load {self.gguf}: {error}"
            started.set_exception(ModelUnavailable(f"{what}; is it a whole GGUF file?"))
            return
        started.set_result(None)
        while (job := self._jobs.get()) is not None:
            if not job.done.set_running_or_notify_cancel():
                continue
            self._running.add(job)
            job.is_aborted = job.is_aborted or self._is_stopping
            _answer(server.handle_chat_completions, job)
            self._running.discard(job)

    def _parameters(self, engine: ModuleType) -> Any:
        parameters = engine.CommonParams()
        parameters.model.path = str(self.gguf)
        parameters.model_alias = {self.gguf.stem}
        parameters.n_ctx = self.context
        parameters.n_parallel = 1
        parameters.n_gpu_layers = 0
        parameters.cpuparams.n_threads = 1
        parameters.cpuparams_batch.n_threads = 1
        parameters.n_threads_http = 1
        parameters.warmup = False  # the first chat does it
        parameters.fit_params = False
        parameters.cache_ram_mib = PROMPT_CACHE_MIB  # its default is 8 GiB
        parameters.verbosity = 0  # nothing on standard output or error
        parameters.hostnames = ["127.0.0.1"]  # it listens whether we want it or not
        parameters.port = 0
        parameters.api_keys = [secrets.token_hex(32)]  # nobody knows it: the port answers no one
        parameters.cors_origins = ""
        parameters.ui = False
        parameters.endpoint_slots = False
        return parameters


_HELLO = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}


def _answer(handle: Callable[..., Any], job: Job) -> None:
    """Let a server work on a job; the callback is what makes it interruptible."""
    chunks: Answer = []
    ends_s = time.monotonic() + job.limit_s

    def on_chunk(chunk: Mapping[str, Any]) -> bool:
        chunks.append(chunk)
        if job.on_chunk is not None:
            job.on_chunk(chunk)
        return job.is_aborted or time.monotonic() > ends_s  # True stops the server

    asked = {**job.body, "stream": True, "stream_options": {"include_usage": True}}
    try:
        if not job.is_aborted:
            handle(asked, on_chunk)
    except ValueError as error:
        job.done.set_exception(CallFailed("bad_request", f"the engine refused: {error}"))
    except Exception as error:  # noqa: BLE001 (the boundary to the engine)
        job.done.set_exception(RetryLater("server_error", f"the engine broke: {error}"))
    else:
        if job.is_aborted:
            job.done.set_exception(CallFailed("aborted", "the model was closed"))
        elif time.monotonic() > ends_s:
            what = f"the embedded model did not end within {job.limit_s:g} s"
            job.done.set_exception(CallFailed("timeout", what))
        else:
            job.done.set_result(chunks)


def _engine() -> ModuleType:
    # With OpenMP's default spinning the engine is ten times slower on a shared machine; libgomp
    # reads this when it is loaded, which is now.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp
    except ImportError as error:
        what = f"the embedded engine is not installed ({error})"
        raise ModelUnavailable(f'{what}: pip install "sygra-eval[embedded]"') from error
    engine: ModuleType = xllamacpp
    return engine


_pools: dict[tuple[Path, int], ServerPool] = {}
_pools_lock = threading.Lock()


def lease(gguf: Path, *, context: int, servers: int) -> ServerPool:
    """Return the process's pool for a file, with at least so many servers; blocks while it grows.

    :raises ModelUnavailable: When the engine is missing or cannot load the file.
    """
    with _pools_lock:
        pool = _pools.setdefault((gguf, context), ServerPool(gguf, context))
        pool.leases += 1
    try:
        pool.grow_to(servers)
    except BaseException:
        give_back(pool)
        raise
    return pool


def give_back(pool: ServerPool) -> None:
    """End a lease; the last one releases the servers."""
    with _pools_lock:
        pool.leases -= 1
        if pool.leases:
            return
        del _pools[pool.gguf, pool.context]
    pool.stop()
