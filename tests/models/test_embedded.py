import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sygra_eval.models import Gateway, embedded, host
from sygra_eval.models.embedded import EmbeddedConfig, EmbeddedModel
from sygra_eval.models.weights import QWEN
from sygra_eval.values import CallFailed, ModelSpec, ModelUnavailable

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or host.why_not_here() is not None,
    reason="xllamacpp is not installed or does not run here (extra `embedded`)",
)


def spec(name: str = "author", *, folder: Path = Path(), **changes) -> ModelSpec:
    config = EmbeddedConfig(**changes.pop("config", {}))
    return ModelSpec(name=name, use="embedded", config=config, folder=folder, **changes)


def engine_threads() -> int:
    return sum(thread.name.startswith("embedded-") for thread in threading.enumerate())


@pytest.mark.embedded
@needs_engine
async def test_a_small_completion_an_over_long_prompt_and_a_clean_end(request_of):
    model = EmbeddedModel(spec(config={"servers": 1, "context": 512}))
    gateway = Gateway({"author": model})
    heard: list[str] = []
    await gateway.open()

    asked = request_of("Reply with the word hello.", temperature=0, max_tokens=40)
    answer = await gateway.complete("author", replace(asked, on_text=heard.append))
    cut = await gateway.complete("author", request_of("Count to 100.", max_tokens=3))
    with pytest.raises(CallFailed, match="raise the model's `context`") as too_long:
        await gateway.complete("author", request_of("word " * 2_000))
    with pytest.raises(CallFailed) as bad:
        await gateway.complete("author", request_of("hi", temperature="warm"))
    await gateway.close()

    assert "hello" in answer.text.lower()
    assert "".join(heard) == answer.text
    assert (answer.finish_reason, answer.model_seen) == ("stop", QWEN.name)
    assert (answer.usage.is_estimated, answer.usage.prompt_tokens > 5) == (False, True)
    assert (cut.finish_reason, cut.usage.completion_tokens) == ("length", 3)
    assert (too_long.value.kind, bad.value.kind) == ("too_long", "bad_request")
    assert engine_threads() == 0


@pytest.mark.embedded
@needs_engine
async def test_two_models_share_the_engines_and_a_seed_repeats(request_of):
    config = {"servers": 2, "context": 512}
    one = Gateway({"author": EmbeddedModel(spec(config=config, parameters={"temperature": 1.0}))})
    other = Gateway({"critic": EmbeddedModel(spec("critic", config=config))})
    await asyncio.gather(one.open(), other.open())
    asked = request_of("Invent a name for a cat.", seed=5, max_tokens=12, temperature=1.0)

    first, second = await asyncio.gather(
        one.complete("author", asked), other.complete("critic", asked)
    )
    threads = engine_threads()
    await one.close()
    unseeded = {"max_tokens": 2, "temperature": 1.0}
    await other.complete("critic", request_of("Invent a name for a cat.", **unseeded))
    third = await other.complete("critic", asked)
    await other.close()

    assert first.text == second.text == third.text
    assert (threads, engine_threads()) == (2, 0)


async def once_in_time(gateway, request):
    """Ask until there is an answer: a busy machine may take longer, a taken engine never ends."""
    for _ in range(40):
        with contextlib.suppress(CallFailed):
            return await gateway.complete("author", request)
    raise AssertionError("the engine was never free again")


@pytest.mark.embedded
@needs_engine
async def test_a_cancelled_call_and_one_past_its_time_free_their_engine(request_of):
    model = EmbeddedModel(spec(config={"servers": 1, "context": 4096}, timeout_s=0.3))
    gateway = Gateway({"author": model})
    await gateway.open()

    with pytest.raises(CallFailed, match=r"within 0\.3 s") as late:
        await gateway.complete("author", request_of("Tell a long story."))
    call = asyncio.create_task(gateway.complete("author", request_of("Tell a long story.")))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    after = await once_in_time(gateway, request_of("hi", max_tokens=1))
    await gateway.close()

    assert (late.value.kind, after.usage.completion_tokens) == ("timeout", 1)


@pytest.mark.embedded
@needs_engine
def test_a_process_that_forgets_to_close_ends_at_once_and_prints_nothing():
    program = """if True:
        import asyncio
        from pathlib import Path
        from sygra_eval.models.embedded import EmbeddedConfig, EmbeddedModel
        from sygra_eval.values import ChatRequest, Message, ModelSpec

        async def main():
            config = EmbeddedConfig(servers=1)
            model = EmbeddedModel(
                ModelSpec(name="author", use="embedded", config=config, folder=Path())
            )
            await model.open()
            story = ChatRequest(messages=(Message("user", "Tell a very long story."),))
            asyncio.create_task(model.complete(story))
            await asyncio.sleep(0.5)

        asyncio.run(main())
    """

    ran = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.embedded
@needs_engine
async def test_a_file_that_is_no_model_is_refused_with_its_name(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"x" * 1_000)
    model = EmbeddedModel(spec(folder=tmp_path, config={"model": "bad.gguf", "servers": 1}))

    with pytest.raises(ModelUnavailable, match=r"bad\.gguf.*is it a whole GGUF file"):
        await model.open()

    assert model.identity == "embedded bad.gguf 1000"


async def test_a_file_that_is_not_there_is_named_relative_to_the_suite(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "why_not_here", lambda: None)
    model = EmbeddedModel(spec(folder=tmp_path, config={"model": "no.gguf"}))

    with pytest.raises(ModelUnavailable, match=f"there is no file {tmp_path}/no.gguf"):
        await model.open()


async def test_a_machine_that_cannot_run_it_is_told_what_can_be_done(monkeypatch):
    monkeypatch.setattr(host, "_processor_flags", lambda: frozenset({"sse2"}))
    monkeypatch.setattr(host.platform, "machine", lambda: "x86_64")

    with pytest.raises(ModelUnavailable, match="AVX2, this one has none; name an OpenAI-comp"):
        await EmbeddedModel(spec()).open()


async def test_another_system_than_linux_is_named(monkeypatch):
    monkeypatch.setattr(host.platform, "system", lambda: "Darwin")
    monkeypatch.delattr(os, "sched_getaffinity")

    with pytest.raises(ModelUnavailable, match="runs on Linux, this is Darwin"):
        await EmbeddedModel(spec()).open()


async def test_a_missing_engine_is_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr(embedded, "why_not_here", lambda: None)
    (tmp_path / "some.gguf").write_bytes(b"x")

    with pytest.raises(ModelUnavailable, match=r'pip install "sygra-eval\[embedded\]"'):
        await EmbeddedModel(spec(folder=tmp_path, config={"model": "some.gguf"})).open()


def test_there_is_an_engine_for_every_core_that_memory_bears(monkeypatch):
    monkeypatch.setattr(embedded, "usable_cores", lambda: 4)
    monkeypatch.setattr(embedded, "available_bytes", lambda: 64 * 2**30)
    assert EmbeddedModel(spec()).max_in_flight == 4
    assert EmbeddedModel(spec(max_concurrency=1)).max_in_flight == 1
    assert EmbeddedModel(spec(config={"servers": 3})).max_in_flight == 3

    monkeypatch.setattr(embedded, "usable_cores", lambda: 96)
    assert EmbeddedModel(spec()).max_in_flight == 8

    monkeypatch.setattr(embedded, "available_bytes", lambda: 2**30)
    assert EmbeddedModel(spec()).max_in_flight == 1


def test_identity_and_label_name_the_weights():
    model = EmbeddedModel(spec())

    assert model.identity == f"embedded {QWEN.sha256}"
    assert model.label == "qwen2.5-coder-0.5b-instruct-q4_k_m"


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 8), ("250000 100000", 2), ("", 8)])
def test_a_containers_share_of_the_processor_counts(monkeypatch, tmp_path, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(host, "_CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text(quota)

    assert host.usable_cores() == cores
