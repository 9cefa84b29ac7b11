import json
import subprocess
import sys

import pytest

DOCTOR_UNDER_A_FILTER = """
import errno, pyseccomp
filtered = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
filtered.add_rule(pyseccomp.ERRNO(errno.EPERM), "{call}")
filtered.load()
from sygra_eval.cli import main
main(["doctor", "--json"])
"""

# sandbox run

KEYS = ["status", "reason", "exit_code", "stdout", "stderr", "isolation", "cpu_ms", "wall_ms"]


def test_a_file_is_run_and_told_as_data(cli, write):
    write("fine.py", "print('hello')\n")

    ran = cli("sandbox", "run", "fine.py", "--json")

    (line,) = ran.json
    assert list(line) == KEYS
    assert (ran.code, line["status"], line["stdout"]) == (0, "ok", "hello\n")
    assert "seccomp,rlimit" in line["isolation"]
    assert ran.err == ""


def test_a_failing_file_says_why_and_ends_with_1(cli, write):
    write("bad.py", "print('first')\n1/0\n")

    ran = cli("sandbox", "run", "bad.py")

    assert (ran.code, ran.out) == (1, "first\n")
    assert "exit: exit code 1: ZeroDivisionError: division by zero" in ran.err


def test_the_time_can_be_set(cli, write):
    write("slow.py", "import time; time.sleep(60)")

    ran = cli("sandbox", "run", "slow.py", "--timeout", "0.3", "--json")

    (line,) = ran.json
    assert (ran.code, line["status"]) == (1, "timeout")
    assert line["wall_ms"] < 30_000


def test_one_sandbox_can_be_demanded_and_an_unknown_one_is_refused(cli, write):
    write("fine.py", "print('hello')\n")

    reduced = cli("sandbox", "run", "fine.py", "--isolation", "reduced", "--json")
    unknown = cli("sandbox", "run", "fine.py", "--isolation", "bunker", "--json")
    none = cli("sandbox", "run", "fine.py", "--isolation", "none")

    assert reduced.json[0]["isolation"].startswith("reduced(")
    assert (unknown.code, unknown.json[0]["exit"]) == (4, 4)
    assert "no sandbox is called `bunker`; known: box" in unknown.json[0]["error"]
    assert none.code == 4


def test_a_file_that_is_no_text_is_refused(cli, write, tmp_path):
    write("latin.py", "")
    (tmp_path / "latin.py").write_bytes(b"print('\xe9')")

    ran = cli("sandbox", "run", str(tmp_path / "latin.py"))

    assert ran.code == 4
    assert "is not UTF-8 text" in ran.err


# doctor


def test_the_doctor_says_what_a_run_would_take_and_every_layer(cli):
    ran = cli("doctor", "--json")

    (line,) = ran.json
    assert (ran.code, line["exit"]) == (0, 0)
    assert line["default"] in {profile["name"] for profile in line["profiles"]}
    assert {"landlock", "seccomp", "user namespace", "the same per run"} <= {
        layer["name"] for layer in line["layers"]
    }
    assert all(layer["is_granted"] is (layer["fix"] == "") for layer in line["layers"])


@pytest.mark.parametrize(
    ("refused", "default", "layer", "said"),
    [
        ("unshare", "reduced", "user namespace", "unshare(user): Operation not permitted"),
        ("mount", "reduced", "mnt,pid,net,ipc", "mount none on /: Operation not permitted"),
        ("setns", "box-shared", "the same per run", "setns(pid): Operation not permitted"),
    ],
)
def test_the_doctor_repeats_what_the_kernel_answers_and_says_the_way(refused, default, layer, said):
    program = DOCTOR_UNDER_A_FILTER.format(call=refused)

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # noqa: S603

    line = json.loads(ran.stdout)
    (found,) = [one for one in line["layers"] if one["name"] == layer]
    assert line["default"] == default
    assert (found["is_granted"], found["found"]) == (False, said)
    assert "user.max_user_namespaces" in found["fix"]


def test_the_doctors_page_fits_a_terminal(cli):
    ran = cli("doctor")

    assert ran.code == 0
    tables = ran.out.partition("\n\ncgroup v2:")[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert ran.out.splitlines()[-1].startswith("a run takes `")


def test_the_doctor_ends_with_4_where_a_run_would_be_refused(cli, write):
    write(
        "closed.py",
        """
        from sygra_eval.sandbox import providers
        from sygra_eval.values import SandboxUnavailable

        def refuses():
            raise SandboxUnavailable("seccomp: libseccomp cannot be loaded")

        providers.allow_list = refuses
        """,
    )
    from sygra_eval.sandbox import providers

    kept = providers.allow_list
    try:
        ran = cli("doctor", "-p", "closed.py", "--json")
    finally:
        providers.allow_list = kept

    assert (ran.code, ran.json[0]["default"]) == (4, None)
    assert "libseccomp cannot be loaded" in json.dumps(ran.json[0]["profiles"])
