"""A bit of a finished run's journal flips: what is read then was there, or it is nothing."""

import json
import os
import random
import shutil

import pytest

from sygra_eval.testing import ScriptedEndpoint
from tests.faults.soaking import FOLDERS, LATENCY_S, Soak, Starter, bytes_of, mark_of

FLIPS = 60 if os.environ.get("SYGRA_EVAL_FULL") == "1" else 16
SEED = 20261125


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, and what is needed to go on with it."""
    home = tmp_path_factory.mktemp("flips") / "runs"
    home.mkdir()
    with ScriptedEndpoint.in_a_thread(latency_s=LATENCY_S) as endpoint:
        starter = Starter(home)
        try:
            soak = Soak(home, endpoint, starter)
            assert starter.run("run", soak.suite, "--out", home / "out", "--json") == 0
            yield soak, next(home.glob(FOLDERS))
        finally:
            starter.close()


def flip(path, chance):
    data = bytearray(path.read_bytes())
    place = chance.choice([place for place, byte in enumerate(data) if byte])
    data[place] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return place


@pytest.mark.full
def test_no_flipped_bit_comes_back_as_a_wrong_value(finished, tmp_path):
    """Half of them are repaired first; the files are written anew from what the journal holds."""
    soak, sound = finished
    for number in range(FLIPS):
        chance = random.Random(f"{SEED}/{number}")  # noqa: S311
        folder = shutil.copytree(sound, tmp_path / str(number))
        place = flip(folder / "journal.db", chance)
        (folder / "manifest.json").unlink()
        told = f"flip {number}, byte {place}"
        soak.endpoint.requests.clear()

        is_repaired = number % 2 == 0
        if is_repaired:
            assert soak.starter.run("doctor", folder, "--repair") == 0, told
        code = soak.starter.run("resume", folder, "--json")
        if code == 4 and not is_repaired:  # it cannot be read, and says how to go on
            assert "--repair" in soak.starter.said(), told
            assert bytes_of(folder) == soak.bytes, told
            assert soak.starter.run("doctor", folder, "--repair") == 0, told
            code = soak.starter.run("resume", folder, "--json")

        assert code in (0, 7), f"{told}: {soak.starter.said()}"
        assert set(lines_of(bytes_of(folder))) <= set(lines_of(soak.bytes)), told
        if code == 7:
            assert soak.starter.run("doctor", folder, "--repair") == 0, told
            assert soak.starter.run("resume", folder, "--json") == 0, told
        if is_repaired:
            assert bytes_of(folder) == soak.bytes, told
        asked = [mark_of(body) for body in soak.endpoint.requests]
        assert len(asked) == len(set(asked)), told
        shutil.rmtree(folder)


def lines_of(files):
    for name, content in files.items():
        if name.endswith(".jsonl"):
            yield from (json.dumps([name, json.loads(line)]) for line in content.splitlines())
