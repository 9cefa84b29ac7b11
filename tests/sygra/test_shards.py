"""Sources of several files, and rows that chance has a part in: the same at each reading."""

import json

import pytest

from sygra_eval.sygra.shards import shard_files
from sygra_eval.sygra.tables import rows_of_data
from sygra_eval.values import Severity, UsageError

PLAIN = {"a": {"node_type": "connector"}}


def sharded(project, name="sharded", **shard):
    folder = project.root / "parts"
    folder.mkdir(exist_ok=True)
    for number in range(3):
        (folder / f"part-{number}.jsonl").write_text(json.dumps({"id": f"r{number}"}) + "\n")
    (folder / "part-9.json").write_text('[{"id": "r9"}]')
    (folder / "notes.txt").write_text("no rows")
    source = {"type": "disk", "file_path": "parts", "shard": shard}
    return project.task(name, PLAIN, data_config={"source": source})


@pytest.mark.parametrize(
    ("shard", "ids"),
    [
        ({"regex": "part-"}, ["r0", "r1", "r2", "r9"]),
        ({"regex": "part-", "index": [0, 2]}, ["r0", "r2"]),
        ({"index": [3]}, ["r9"]),
        ({"regex": "part-[12]"}, ["r1", "r2"]),
    ],
)
async def test_the_files_of_a_shard_are_those_that_are_called_so_and_picked(project, shard, ids):
    ran = await project.run(sharded(project, **shard))

    assert [row["id"] for row in ran.rows] == ids


def test_a_path_that_is_a_file_means_its_folder(project):
    sharded(project)
    folder = project.root / "parts"

    assert shard_files(folder / "part-1.jsonl", {}) == shard_files(folder, {})


@pytest.mark.parametrize(
    ("shard", "says"),
    [({"index": [7]}, "no file 7 of 4"), ({"regex": "x"}, "no file of"), ({"index": "a"}, "'a'")],
)
async def test_a_shard_that_means_nothing_is_refused(project, shard, says):
    with pytest.raises(UsageError) as refused:
        await project.run(sharded(project, **shard))

    assert says in f"{refused.value} {[one.message for one in refused.value.diagnostics]}"


def test_what_a_hub_is_asked_otherwise_is_told(project):
    source = {"type": "hf", "repo_id": "a/b", "shard": {"index": [1]}, "token": "hf_secret"}

    read = project.read(project.task("hub", PLAIN, data_config={"source": source}))

    told = [one.message for one in read.diagnostics if one.severity is Severity.WARNING]
    assert [one.partition(" ")[0] for one in told] == ["`shard`", "`token`"]
    assert "hf_secret" not in json.dumps(read.suite.data)


def test_a_transform_that_draws_gives_the_same_rows_at_each_reading(project):
    """P15: rows are read before a run, in it, and when it is resumed."""
    python = "import random\nclass Mix:\n    name = 'mix'\n"
    python += "    def transform(self, data, params):\n        random.shuffle(data)\n"
    python += "        return data\n"
    source = {"type": "disk", "file_path": "tasks/ours/mixed/rows.json"}
    source["transformations"] = [{"transform": "tasks.ours.mixed.task_executor.Mix"}]
    rows = [{"id": f"r{n}"} for n in range(30)]
    data = {"source": source}
    task = project.task("mixed", PLAIN, python=python, rows=rows, data_config=data)

    from sygra_eval.sygra.importing import importing

    with importing(task.root):
        first, again = (rows_of_data(data, task.name) for _ in range(2))

    assert first == again
    assert first != rows
