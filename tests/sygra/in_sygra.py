"""Runs a task with SyGra itself; started by the Python of an environment that has it.

    python in_sygra.py ROOT TASK ROWS OUT [BATCH]

Works on the published package alone. What takes hours to install and no text task touches (torch,
transformers and others) is stood for by empty modules where it is missing.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
import types
from argparse import Namespace
from pathlib import Path

HEAVY = (
    "torch",
    "transformers",
    "fasttext",
    "sentence_transformers",
    "sentencepiece",
    "sklearn",
    "mlxtend",
    "google.cloud",
    "vertexai",
)


class Empty(types.ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds heavy modules that are not installed, after all others have looked."""

    def find_spec(self, name, path=None, target=None):
        if any(name == root or name.startswith(f"{root}.") for root in HEAVY):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Empty(spec.name)

    def exec_module(self, module):
        module.__path__ = []


def main(root, task, rows, out, batch="1"):
    """Run a task and say what it took."""
    sys.meta_path.append(Finder())
    os.chdir(root)
    sys.path.insert(0, root)
    began, cpu = time.perf_counter(), time.process_time()
    from sygra.core.base_task_executor import DefaultTaskExecutor
    from sygra.utils import utils

    imported = {
        "s": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    utils.current_task = task
    args = Namespace(
        task=task,
        start_index=0,
        num_records=int(rows),
        batch_size=int(batch),
        checkpoint_interval=int(batch),
        debug=False,
        output_with_ts=False,
        run_name="",
        run_args={},
        resume=None,
        output_dir=out,
        oasst=False,
        quality=False,
        disable_metadata=False,
    )
    began, cpu = time.perf_counter(), time.process_time()
    DefaultTaskExecutor(args).execute()
    told = {
        "import": imported,
        "s": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    Path(out, "took.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
