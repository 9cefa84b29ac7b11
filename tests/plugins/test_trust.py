import importlib.util
import json
import py_compile
from pathlib import Path

import pytest

MARKS = """
from pathlib import Path
with Path(__file__).with_name("imported").open("a") as marker:
    marker.write("x")
"""


@pytest.fixture
def marker(project):
    """A plugin that leaves a file beside the folder when it is imported."""
    source = MARKS.replace('with_name("imported")', 'parents[1].joinpath("imported")')
    project.write("plugins/marks.py", source)
    return project.root / "imported"


def test_an_untrusted_folder_is_not_imported_and_named(project, marker):
    plugins = project.load(trusted=False)

    assert not marker.exists()
    (said,) = plugins.skipped
    assert str(project.root / "plugins") in said
    assert "--trust" in said


def test_trust_is_remembered(project, marker):
    project.trust()

    plugins = project.load(trusted=False)

    assert marker.exists()
    assert plugins.skipped == []


@pytest.mark.parametrize("folder", ["a", "b"])
def test_trust_is_of_a_place_and_not_of_a_content_alone(project, folder):
    for name in ("a", "b"):
        project.write(f"{name}/pyproject.toml", "")
        project.write(f"{name}/plugins/shout.py", "")
    project.trust("a")

    assert bool(project.load(folder, trusted=False).skipped) is (folder == "b")


@pytest.mark.parametrize(
    "change",
    ["changed", "added", "removed", "renamed", "nested", "data"],
)
def test_any_change_asks_again(project, marker, change):
    project.write("plugins/second.py", "")
    project.write("plugins/words.txt", "one")
    project.trust()
    folder = project.root / "plugins"

    match change:
        case "changed":
            project.write("plugins/marks.py", MARKS + "\n")
        case "added":
            project.write("plugins/third.py", "")
        case "removed":
            (folder / "second.py").unlink()
        case "renamed":
            (folder / "second.py").rename(folder / "third.py")
        case "nested":
            project.write("plugins/package/_inside.py", "")
        case "data":
            project.write("plugins/words.txt", "two")

    assert len(project.load(trusted=False).skipped) == 1
    assert not marker.exists()


def test_being_imported_changes_nothing(project, marker):
    project.write("plugins/package/__init__.py", "from . import _inside\n")
    project.write("plugins/package/_inside.py", "")
    project.trust()

    for _ in range(2):
        assert project.load(trusted=False).skipped == []


def test_each_folder_is_trusted_for_itself(project, marker):
    project.trust()
    project.write("suites/plugins/new.py", "raise RuntimeError('imported')\n")

    plugins = project.load("suites", trusted=False)

    (said,) = plugins.skipped
    assert str(project.root / "suites" / "plugins") in said
    assert marker.exists()


def test_the_environment_trusts_for_once(project, marker):
    project.environ["SYGRA_EVAL_TRUST"] = "1"

    project.load(trusted=False)
    del project.environ["SYGRA_EVAL_TRUST"]

    assert marker.exists()
    assert len(project.load(trusted=False).skipped) == 1


@pytest.mark.parametrize("stored", ["", "[]", "{", '{"a": 1}'])
def test_a_damaged_memory_trusts_nothing_and_can_be_written_again(project, marker, stored):
    store = Path(project.environ["SYGRA_EVAL_CONFIG_DIR"]) / "trusted.json"
    store.parent.mkdir()
    store.write_text(stored)

    assert len(project.load(trusted=False).skipped) == 1

    project.trust()
    assert json.loads(store.read_text())[str(project.root / "plugins")]
    assert project.load(trusted=False).skipped == []


def compiled_over(source: Path, hidden: str) -> None:
    """Put a cache file beside a module that says something else and is never checked."""
    real = source.read_text()
    source.write_text(hidden)
    py_compile.compile(
        str(source),
        cfile=importlib.util.cache_from_source(str(source)),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    source.write_text(real)


@pytest.mark.parametrize("name", ["plain.py", "package/__init__.py", "package/_inside.py"])
def test_what_runs_is_the_source_that_was_looked_at(project, name):
    project.write("plugins/plain.py", "")
    project.write("plugins/package/__init__.py", "from . import _inside\n")
    project.write("plugins/package/_inside.py", "")
    compiled_over(project.root / "plugins" / name, "raise RuntimeError('hidden code ran')\n")
    project.trust()

    plugins = project.load(trusted=False)

    assert {"plain", "package"} <= plugins.origins.keys()
