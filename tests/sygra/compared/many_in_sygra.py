"""Runs many tasks with SyGra itself in one process, as its import takes 12 s.

    python many_in_sygra.py ROOT < jobs > answers

A job is a line of JSON (`task`, `rows`, `out`, `seed`), the answer a line when it is done; what
SyGra did is in `<out>/seen.json`. Each task runs in a fork of the process that has imported
everything, so no task sees what another one left in SyGra's singletons (P14).
"""

import json
import os
import random
import signal
import sys
import traceback
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from in_sygra import Finder


def main(root):
    """Answer jobs until there are none."""
    sys.meta_path.append(Finder())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.chdir(root)
    sys.path.insert(0, root)
    import sygra.core.base_task_executor  # noqa: F401 - what takes long, once

    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            alone(job)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"task": job["task"], "status": status}), file=answers, flush=True)


def alone(job):
    """Run one task and leave, whatever happens."""
    signal.alarm(60)
    seen = {"records": [], "files": [], "load_error": None}
    out = Path(job["out"])
    out.mkdir(parents=True, exist_ok=True)
    log = os.open(out / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        run(job, seen)
    except BaseException:  # noqa: BLE001 - it is what is asked for
        seen["load_error"] = traceback.format_exc()[-2000:]
    text = json.dumps(seen, default=plain)
    (out / "seen.json").write_text(text, encoding="utf-8")
    os._exit(0)


def plain(value):
    """Return what a message says; anything else by its repr."""
    if hasattr(value, "type") and hasattr(value, "content"):
        role = {"human": "user", "ai": "assistant"}.get(value.type, value.type)
        return {"role": role, "content": value.content}
    if hasattr(value, "tolist"):
        return value.tolist()
    return repr(value)


def run(job, seen):
    """Run a task, and keep what each record became."""
    from sygra.core.base_task_executor import DefaultTaskExecutor
    from sygra.utils import graph_utils, utils
    from sygra.validators.schema_validator_base import SchemaValidator

    random.seed(job["seed"])
    utils.current_task = job["task"]
    args = Namespace(
        task=job["task"],
        start_index=0,
        num_records=job["rows"],
        batch_size=1,
        checkpoint_interval=1,
        debug=False,
        output_with_ts=False,
        run_name="",
        run_args={},
        resume=None,
        output_dir=job["out"],
        oasst=False,
        quality=False,
        disable_metadata=True,
    )
    execute, append = graph_utils.execute_graph, utils.append_to_json_file
    validate = SchemaValidator.validate

    class Watched:
        """A graph that says how a record ended."""

        def __init__(self, graph):
            self.graph = graph

        async def ainvoke(self, *given, **named):
            try:
                return await self.graph.ainvoke(*given, **named)
            except Exception as error:
                seen["records"][-1]["error"] = f"{type(error).__name__}: {error}"[:500]
                raise

    async def executed(record, graph, **more):
        seen["records"].append({"id": record.get("id"), "error": None, "rows": []})
        made = await execute(record, Watched(graph), **more)
        seen["records"][-1]["state"] = json.loads(json.dumps(made, default=plain))
        return made

    def validated(self, data):
        is_valid = validate(self, data)
        seen["records"][-1]["is_valid"] = is_valid
        return is_valid

    def appended(path, rows):
        # Messages are made plain before they are written: a file that ends in one of them (P4)
        # says nothing of the rows.
        rows = json.loads(json.dumps(rows, default=plain))
        seen["records"][-1]["rows"].append([Path(path).name, rows])
        return append(path, rows)

    class Executor(DefaultTaskExecutor):
        def output_record_generator(self, state):
            try:
                return super().output_record_generator(state)
            except Exception as error:
                seen["records"][-1]["no_row"] = f"{type(error).__name__}: {error}"[:300]
                raise

    graph_utils.execute_graph, utils.append_to_json_file = executed, appended
    SchemaValidator.validate = validated
    Executor(args).execute()


if __name__ == "__main__":
    main(*sys.argv[1:])
