import hashlib
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sygra_eval.models.weights import (
    QWEN,
    Weights,
    assembled,
    data_folder,
    installed_parts,
)
from sygra_eval.values import ModelUnavailable

PARTS = {f"part{number:02d}.bin": bytes([number]) * 1_000 for number in range(1, 11)}
WHOLE = b"".join(PARTS.values())
TEN = Weights(
    name="ten",
    size=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    packages=("ten-parts",),
    version="1.0",
)


@pytest.fixture
def parts(tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    for name, content in PARTS.items():
        (folder / name.replace("part0", "part")).write_bytes(content)
    return lambda weights: list(folder.iterdir())


def never(weights):
    raise AssertionError("the parts were read again")


def test_ten_parts_are_joined_by_number_and_not_by_name(tmp_path, parts):
    path = assembled(TEN, folder=tmp_path / "data", parts_of=parts)

    assert path.name == "ten.gguf"
    assert path.read_bytes() == WHOLE


def test_a_file_that_is_there_is_not_assembled_again(tmp_path, parts):
    first = assembled(TEN, folder=tmp_path, parts_of=parts)

    assert assembled(TEN, folder=tmp_path, parts_of=never) == first


def test_a_file_without_its_seal_is_read_once_and_sealed(tmp_path, parts):
    path = assembled(TEN, folder=tmp_path, parts_of=parts)
    seal = path.with_name("ten.gguf.json")
    seal.unlink()

    assembled(TEN, folder=tmp_path, parts_of=never)

    assert TEN.sha256 in seal.read_text()


def test_a_damaged_file_is_assembled_anew(tmp_path, parts):
    path = assembled(TEN, folder=tmp_path, parts_of=parts)
    path.write_bytes(b"x" * TEN.size)
    os.utime(path, (1, 1))

    assembled(TEN, folder=tmp_path, parts_of=parts)

    assert path.read_bytes() == WHOLE


def test_a_wrong_hash_is_refused_and_nothing_is_left(tmp_path, parts):
    other = replace(TEN, sha256="0" * 64)

    with pytest.raises(ModelUnavailable, match=r"are not the published model.*force-reinstall"):
        assembled(other, folder=tmp_path / "data", parts_of=parts)

    assert [path.name for path in (tmp_path / "data").iterdir()] == [".ten.lock"]


def test_a_missing_part_is_refused(tmp_path, parts):
    with pytest.raises(ModelUnavailable, match="9 parts with 9000 bytes"):
        assembled(TEN, folder=tmp_path / "data", parts_of=lambda weights: parts(weights)[1:])


def test_what_a_killed_process_left_does_no_harm(tmp_path, parts):
    (tmp_path / ".ten.gguf.partial").write_bytes(b"left by a kill -9")

    path = assembled(TEN, folder=tmp_path, parts_of=parts)

    assert path.read_bytes() == WHOLE


def test_packages_that_are_not_installed_are_named_with_the_command(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"ten-parts.*sygra-eval\[embedded\]"):
        assembled(TEN, folder=tmp_path)


def test_parts_are_found_by_metadata_and_only_in_the_version_that_was_checked(
    tmp_path, monkeypatch
):
    info = tmp_path / "ten_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ten-parts\nVersion: 1.0\n")
    (tmp_path / "ten_parts" / "data").mkdir(parents=True)
    (tmp_path / "ten_parts" / "data" / "part01.bin").touch()  # some finders leave out what is not
    (info / "RECORD").write_text("ten_parts/__init__.py,,\nten_parts/data/part01.bin,,\n")
    for file in ("__init__.py", "data/part01.bin"):  # a file that is missing is not always listed
        (tmp_path / "ten_parts" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ten_parts" / file).touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    assert installed_parts(TEN) == [tmp_path / "ten_parts" / "data" / "part01.bin"]
    assert "ten_parts" not in sys.modules
    with pytest.raises(ModelUnavailable, match=r"version 1\.0, not 2\.0"):
        installed_parts(replace(TEN, version="2.0"))


def test_a_folder_that_cannot_take_the_file_is_named_with_the_way_out(tmp_path, parts):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ModelUnavailable, match="SYGRA_EVAL_DATA_DIR"):
        assembled(TEN, folder=tmp_path / "file" / "data", parts_of=parts)


def _assemble_in(folder: str, packages: str, queue) -> None:
    parts = list(Path(packages).iterdir())
    queue.put(str(assembled(TEN, folder=Path(folder), parts_of=lambda weights: parts)))


def test_two_processes_that_start_together_both_get_the_file(tmp_path, parts):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    where = (str(tmp_path / "data"), str(tmp_path / "packages"), queue)
    processes = [context.Process(target=_assemble_in, args=where) for _ in range(2)]

    for process in processes:
        process.start()
    found = {queue.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(timeout=30)

    assert found == {str(tmp_path / "data" / "ten.gguf")}
    assert Path(found.pop()).read_bytes() == WHOLE


def test_the_data_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("SYGRA_EVAL_DATA_DIR", raising=False)
    assert data_folder() == tmp_path / "xdg" / "sygra_eval"

    monkeypatch.setenv("SYGRA_EVAL_DATA_DIR", str(tmp_path / "named"))
    assert data_folder() == tmp_path / "named"


def test_the_module_says_on_standard_error_why_it_cannot(tmp_path):
    (tmp_path / "file").write_text("in the way")

    ran = subprocess.run(
        [sys.executable, "-m", "sygra_eval.models.weights"],
        env={**os.environ, "SYGRA_EVAL_DATA_DIR": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.startswith("error: ")


def test_the_weights_are_the_published_ones():
    assert (QWEN.size, len(QWEN.packages)) == (491_400_064, 6)
    assert QWEN.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
