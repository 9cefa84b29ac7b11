"""Zygotes of several kinds: another hash seed, or packages beside the standard library."""

import os
from pathlib import Path

import pytest

from sygra_eval.sandbox import ReducedProvider, packages, start_sandbox
from sygra_eval.values import Execution, ExecutionStatus, SandboxUnavailable
from tests.sandbox.zygotes import open_files, zygotes

HASHED = "import os\nprint(hash('a'), list({'pear', 'fig', 'plum', 'kiwi'}))\n"


def execution(text, **given):
    return Execution(files={"a.py": text}, entry="a.py", **given)


async def test_the_hash_seed_decides_the_order_of_a_set_of_strings(sandbox):
    seen = [await sandbox.run(execution(HASHED, hash_seed=seed)) for seed in (0, 1, 0, 1)]

    assert seen[0].stdout == seen[2].stdout != seen[1].stdout == seen[3].stdout


async def test_a_program_reads_its_own_hash_seed(sandbox):
    ran = await sandbox.run(
        execution("import os; print(os.environ['PYTHONHASHSEED'])", hash_seed=7)
    )

    assert ran.stdout == "7\n"


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_hash_seed_that_python_does_not_take_is_refused(seed):
    with pytest.raises(ValueError, match="hash seed"):
        execution("", hash_seed=seed)


async def test_zygotes_of_many_kinds_do_not_pile_up(sandbox):
    await sandbox.run(execution(HASHED))
    files = open_files()

    for seed in range(1, 12):
        await sandbox.run(execution(HASHED, hash_seed=seed))

    assert len(zygotes()) == 7  # two for each slot, as a pair takes, and three
    assert open_files() - files <= 6
    before = zygotes()
    await sandbox.run(execution(HASHED, hash_seed=11))
    assert zygotes() == before


async def test_a_named_package_can_be_imported_and_no_other(sandbox):
    program = (
        "import numpy, os, sys\n"
        "print(numpy.arange(4).sum(), numpy.linalg.det(numpy.eye(2)))\n"
        "for name in ('pytest', 'pydantic', 'sygra_eval'):\n"
        "    try:\n        __import__(name)\n"
        "    except ImportError as error:\n        print(error)\n"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'pytest', 'pydantic'}))\n"
    )

    with_it = await sandbox.run(execution(program, packages=("numpy",)))
    without = await sandbox.run(execution("import numpy"))

    assert with_it.stdout.splitlines() == [
        "6 1.0",
        "No module named 'pytest'",
        "No module named 'pydantic'",
        "No module named 'sygra_eval'",
        "[]",
    ], with_it.stderr
    assert without.reason == "exit code 1: ModuleNotFoundError: No module named 'numpy'"


async def test_what_a_package_requires_comes_with_it(sandbox):
    program = "import iniconfig, packaging.version, pluggy, pytest; print('all')"

    assert (await sandbox.run(execution(program, packages=("pytest",)))).stdout == "all\n"


async def test_a_package_cannot_be_written_to(sandbox):
    program = (
        "import numpy, os\n"
        "place = os.path.dirname(numpy.__file__)\n"
        "for way in (lambda: open(numpy.__file__, 'a'), lambda: open(place + '/x', 'w'),\n"
        "            lambda: os.unlink(numpy.__file__), lambda: os.rename(place, place + '2')):\n"
        "    try:\n        way()\n"
        "    except OSError:\n        print('refused')\n"
    )
    source = Path(__import__("numpy").__file__)
    before = source.read_bytes()

    ran = await sandbox.run(execution(program, packages=("numpy",)))

    assert ran.stdout == "refused\n" * 4
    assert source.read_bytes() == before


async def test_no_text_of_a_run_says_where_the_packages_lie(sandbox):
    program = "import numpy, os\nos.write(3, numpy.__file__.encode())\nfrom numpy import nothing\n"

    ran = await sandbox.run(execution(program, packages=("numpy",), wants_result=True))

    assert "ImportError: cannot import name 'nothing' from 'numpy'" in ran.reason
    for text in (ran.reason, ran.stderr, ran.result):
        assert "sygra-eval-" not in text
        assert "packages-" not in text


async def test_a_package_that_is_missing_is_the_sandboxes_fault(sandbox):
    ran = await sandbox.run(execution("", packages=("no-such",)))

    assert ran.status is ExecutionStatus.SETUP_FAILED
    assert ran.reason.endswith("package `no-such` is not installed; run `pip install no-such`")


async def test_the_prefix_goes_with_the_sandbox():
    one = await ReducedProvider().start(slots=1)
    await one.run(execution("", packages=("pytest",)))
    assert [entry.name for entry in one.base.iterdir()] == ["packages-pytest"]

    await one.close()

    assert not one.base.exists()
    assert Path(pytest.__file__).exists()


async def test_a_suites_packages_are_there_for_every_program():
    offered = {"reduced": ReducedProvider()}

    one = await start_sandbox(offered, require=None, isolation=None, slots=1, packages=("numpy",))
    alone = await one.run(execution("import numpy"))
    pair = await one.run_pair(
        execution("import numpy, pytest", packages=("pytest",)), execution("import numpy")
    )

    assert alone.status is pair[0].status is pair[1].status is ExecutionStatus.OK, pair
    await one.close()


async def test_packages_that_a_sandbox_does_not_show_are_found_before_the_run():
    class Simple:
        """A stranger's sandbox, which has never heard of packages."""

        name, strength, is_closed = "simple", 20, False

        async def start(self, slots):
            self.real = await ReducedProvider().start(slots)
            return self

        def describe(self):
            return "simple"

        async def run(self, execution):
            return await self.real.run(Execution(files=execution.files, entry=execution.entry))

        async def close(self):
            self.is_closed = True
            await self.real.close()

    simple = Simple()

    with pytest.raises(SandboxUnavailable, match="numpy cannot be imported in the sandbox `sim"):
        await start_sandbox(
            {"simple": simple, "reduced": ReducedProvider()},
            require=None,
            isolation=None,
            slots=1,
            packages=("numpy",),
        )

    assert simple.is_closed


def test_a_requirement_that_is_not_installed_is_named_with_who_requires_it(monkeypatch):
    real = packages.metadata.distribution

    def distribution(name):
        if name == "pluggy":
            raise packages.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(packages.metadata, "distribution", distribution)

    with pytest.raises(packages.PackageMissing, match="`pluggy`, which `pytest` requires, is not"):
        packages.closure_of(["pytest"])


def test_an_editable_installation_says_that_it_cannot_be_shown(tmp_path, monkeypatch):
    installed = tmp_path / "site"
    information = installed / "elsewhere-1.0.dist-info"
    information.mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n"
    (information / "METADATA").write_text(metadata)
    (installed / "__editable__.elsewhere-1.0.pth").write_text("/home/me/elsewhere\n")
    (information / "RECORD").write_text("__editable__.elsewhere-1.0.pth,,\n")
    monkeypatch.syspath_prepend(str(installed))

    with pytest.raises(packages.PackageMissing, match="`elsewhere` has no files of its own"):
        packages.make_prefix(tmp_path, ("elsewhere",))


def test_a_file_that_only_its_owner_may_read_is_copied_for_all(tmp_path):
    (tmp_path / "closed.py").write_text("x = 1")
    (tmp_path / "closed.py").chmod(0o600)

    packages.lay(tmp_path / "closed.py", tmp_path / "in" / "open.py")

    assert os.stat(tmp_path / "in" / "open.py").st_mode & 0o777 == 0o644  # noqa: PTH116
