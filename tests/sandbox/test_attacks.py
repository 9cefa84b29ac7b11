"""The 48 attacks on the machine, as root and not, judged by what the host sees."""

import json
import os
import re
from pathlib import Path

import pytest

from sygra_eval.values import ExecutionStatus

ROWS = map(json.loads, Path(__file__).with_name("attacks.jsonl").read_text().splitlines())
MACHINE = {row["id"]: row for row in ROWS if row["kind"] == "machine"}
SECRET = "sk-live-4711-planted"
STATUS = {
    **dict.fromkeys(("A19", "A20", "A21", "A22", "A31"), ExecutionStatus.TIMEOUT),
    "A25": ExecutionStatus.OUTPUT_LIMIT,
    "A33": ExecutionStatus.SIGNAL,
}
BY_DESIGN = {"A18", "A47"}  # where processes are allowed: many children's memory, another program
NAMESPACES = "userns,pid,mnt,ipc,net,"
LAYERS = {"box": NAMESPACES, "box-shared": NAMESPACES, "reduced": ""}
USERS = ["as root", "as a user"] if os.getuid() == 0 else ["as a user"]


PLAIN = [(profile, user, "") for profile in LAYERS for user in USERS]


@pytest.fixture(
    scope="module", params=[*PLAIN, ("box", USERS[-1], "processes")], ids=lambda p: " ".join(p)
)
def attacked(request, script):
    """What a host tells on which all attacks have run, side by side."""
    profile, user, allow = request.param
    told = script("attacked_host.py", profile, *allow.split(), as_root=user == "as root")
    return {"profile": profile, "is_root": user == "as root", "allow": allow, **told}


def test_no_attack_achieves_anything(attacked):
    layers, allow = LAYERS[attacked["profile"]], attacked["allow"]
    further = f",{allow}" if allow else ""

    assert (attacked["uid"] == 0) is attacked["is_root"]
    assert attacked["results"].keys() == MACHINE.keys()
    for attack, result in attacked["results"].items():
        assert result["isolation"].startswith(f"{attacked['profile']}({layers}landlock"), attack
        told = re.sub(",(no-)?cgroup", "", result["isolation"])  # as the host has it
        assert told.endswith(f",seccomp,rlimit{further})"), attack
        is_by_design = bool(allow) and attack in BY_DESIGN
        assert is_by_design or "ESCAPED" not in result["stdout"], (attack, result)
        assert SECRET not in result["stdout"] + result["stderr"], (attack, result)
        assert result["status"] == STATUS.get(attack, result["status"]), (attack, result)
        assert result["status"] != ExecutionStatus.SETUP_FAILED, (attack, result)


def test_the_users_files_are_as_they_were(attacked):
    assert attacked["home"] == ["secret.txt", "victimfile"]
    assert (attacked["victimfile"], attacked["mode"]) == (SECRET, 0o666)


def test_the_hosts_process_lives_and_nobody_was_reached_over_the_network(attacked):
    assert attacked["is_victim_alive"]
    assert attacked["reached"] == []


def test_nothing_is_left_over(attacked):
    assert attacked["strays"] == attacked["in_library"] == attacked["left_in_base"] == []
    assert not attacked["is_base_left"]
    assert not attacked["shared_memory"]


def test_no_process_lives_on(attacked):
    assert attacked["living"] == []
