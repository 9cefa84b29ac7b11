"""What a host that refuses calls still gets, as root and not."""

import os

import pytest

AS_ROOT = [True, False] if os.getuid() == 0 else [False]


@pytest.fixture(params=AS_ROOT, ids=lambda as_root: "as root" if as_root else "as a user")
def as_root(request):
    return request.param


def test_without_user_namespaces_it_is_reduced(script, as_root):
    told = script("without_namespaces.py", "unshare", as_root=as_root)

    assert told["isolation"].startswith("reduced(landlock")
    assert told["stdout"] == "1\n"


def test_without_mounts_it_is_reduced(script, as_root):
    told = script("without_namespaces.py", "mount", "move_mount", as_root=as_root)

    assert told["isolation"].startswith("reduced(landlock")


def test_without_namespaces_per_run_the_box_is_shared(script, as_root):
    told = script("without_namespaces.py", "setns", as_root=as_root)

    assert told["isolation"].startswith("box-shared(userns,pid,mnt,ipc,net,landlock")
    assert told["stdout"] == "1\n"


def test_without_landlock_and_namespaces_it_is_refused_with_every_answer(script, as_root):
    told = script("without_namespaces.py", "unshare", "landlock_create_ruleset", as_root=as_root)

    for provider in ("box", "box-shared"):
        assert f"sandbox `{provider}` cannot be had here" in told["refused"]
    assert "unshare(user): Operation not permitted" in told["refused"]
    assert "landlock_create_ruleset" in told["refused"]
    assert "ways out" in told["refused"]


def test_without_landlock_the_box_holds_alone_and_does_not_claim_it(script, as_root):
    told = script("without_namespaces.py", "landlock_create_ruleset", as_root=as_root)

    assert told["isolation"] == "box(userns,pid,mnt,ipc,net,seccomp,rlimit)"
