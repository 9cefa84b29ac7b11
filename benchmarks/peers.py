"""The ways of others for benchmarks/calls.py, each in the interpreter that has it installed.

Each is taken as its documentation shows it: one generated column over a list of prompts, with its
files in a temporary folder, as many calls at once as it lets one name. None is a dependency, so
all is imported where it is used.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Work = Callable[[], None]
TEXT = "Write one sentence about the number {number}."


def distilabel(base_url: str, calls: int, in_flight: int) -> Work:
    """Run a pipeline of two steps; a batch is as many prompts as may be in flight."""
    from distilabel.models import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts
    from distilabel.steps.tasks import TextGeneration

    data = [{"instruction": TEXT.format(number=number)} for number in range(calls)]

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            with Pipeline(name="calls", cache_dir=folder) as pipeline:
                load = LoadDataFromDicts(data=data, batch_size=in_flight)
                model = OpenAILLM(model="scripted", base_url=base_url, api_key="none")
                load >> TextGeneration(llm=model, input_batch_size=in_flight)
            rows = pipeline.run(use_cache=False)["default"]["train"]
        require(calls, sum(bool(row["generation"]) for row in rows))

    return work


def curator(base_url: str, calls: int, in_flight: int) -> Work:
    """Ask one `LLM` for a list."""
    import os

    os.environ["TELEMETRY_ENABLED"] = "false"
    os.environ["CURATOR_DISABLE_CACHE"] = "true"
    os.environ["OPENAI_API_KEY"] = "none"
    import tiktoken
    from bespokelabs.curator import LLM

    leave_vocabulary_out(tiktoken)
    limits = {
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 10_000_000_000,
        "max_concurrent_requests": in_flight,
    }
    prompts = [TEXT.format(number=number) for number in range(calls)]

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            params: Any = {"base_url": base_url, "api_key": "none", **limits}
            model = LLM(model_name="gpt-4o-mini", backend="openai", backend_params=params)
            answers = model(prompts, working_dir=folder)
            rows = getattr(answers, "dataset", answers)
            require(calls, sum(bool(row["response"]) for row in rows))

    return work


def data_designer(base_url: str, calls: int, in_flight: int) -> Work:
    """Make one text column beside a sampled one, without its check of the model."""
    import os

    os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
    import data_designer.config as dd
    import tiktoken
    from data_designer.interface import DataDesigner

    leave_vocabulary_out(tiktoken)

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            provider = dd.ModelProvider(name="local", endpoint=base_url, api_key="none")
            designer = DataDesigner(Path(folder), model_providers=[provider])
            designer.set_run_config(dd.RunConfig(buffer_size=calls))
            model = dd.ModelConfig(
                alias="author",
                model="scripted",
                provider="local",
                skip_health_check=True,
                inference_parameters=dd.ChatCompletionInferenceParams(
                    max_parallel_requests=in_flight
                ),
            )
            builder = dd.DataDesignerConfigBuilder(model_configs=[model])
            number = dd.UniformSamplerParams(low=0, high=1_000_000)
            builder.add_column(
                dd.SamplerColumnConfig(name="number", sampler_type="uniform", params=number)
            )
            prompt = "Write one sentence about the number {{ number }}."
            builder.add_column(
                dd.LLMTextColumnConfig(name="answer", prompt=prompt, model_alias="author")
            )
            made = designer.create(builder, num_records=calls)
            require(calls, int(made.load_dataset()["answer"].astype(bool).sum()))

    return work


class Characters:
    """Counts as a tokenizer does that has four characters in each token."""

    def encode(self, text: str, **_: object) -> list[int]:
        """Return as many numbers as there are tokens."""
        return list(range(len(text) // 4))


def leave_vocabulary_out(tiktoken: Any) -> None:
    """Keep a tokenizer from fetching its vocabulary, which would be waited for in vain here."""
    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda name: Characters()


def require(calls: int, answered: int) -> None:
    """Refuse figures of something else."""
    if answered != calls:
        raise SystemExit(f"{answered} of {calls} calls were answered")


PEERS: dict[str, tuple[str, Callable[[str, int, int], Work]]] = {
    "distilabel": ("distilabel", distilabel),
    "curator": ("bespokelabs-curator", curator),
    "data-designer": ("data-designer", data_designer),
}
"""By the name that `--peer` takes: the package that is looked for, and how it is taken."""
