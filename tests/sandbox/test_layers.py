"""What the layers refuse, call by call, beyond the attacks of the table."""

import pytest

from sygra_eval.values import ExecutionStatus

REFUSED = {
    "a datagram pair": "import socket; socket.socketpair(type=socket.SOCK_DGRAM)",
    "an internet pair": "import socket; socket.socketpair(socket.AF_INET)",
    "a signal to itself": "import os; os.kill(os.getpid(), 0)",
    "a fork": "import os; os.fork()",
    "an exec": "import os; os.execv('/bin/true', ['true'])",
    "a spawn": "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "a memory file": "import os; os.memfd_create('x')",
    "another's limits": "import resource; resource.prlimit(1, resource.RLIMIT_CPU)",
    "a higher limit": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (999, 999))",
    "the owner of a pipe's signals": "import fcntl, os; fcntl.fcntl(os.pipe()[0], 8, os.getppid())",
    "a device": "import os; os.mknod('d', 0o60600, os.makedev(254, 0))",
    "its own limits file": "open('/proc/self/oom_score_adj', 'w')",
    "the process list": "import os; os.listdir('/proc')",
    "the accounts": "open('/etc/passwd')",
    "the interpreter's folder, to write": "import os; open(os.__file__ + 'x', 'w')",
    "the parent folder": "import os; os.listdir('..')",
    "a way back to root": "import os; os.setuid(0)",
    "more than a file may hold": "open('f', 'wb').truncate(1 << 40)",
}


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED.keys())
async def test_it_is_refused_with_an_exception(run_code, code):
    result = await run_code(code)

    assert result.status is ExecutionStatus.EXIT, result
    assert "Error: " in result.reason


async def test_a_mode_is_not_changed_though_the_call_says_yes(run_code):
    code = "import os\nopen('f', 'w').close()\nos.chmod('f', 0)\nprint(oct(os.stat('f').st_mode))"

    assert (await run_code(code)).stdout == "0o100644\n"


async def test_threads_are_bounded(run_code):
    code = (
        "import threading, time\nn = 0\nthreading.stack_size(65536)\n"
        "try:\n for n in range(5000):\n"
        "  threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "except RuntimeError as error: print(error)\nprint(n < 500)\n"
    )

    result = await run_code(code, threads=32)

    assert result.stdout == "can't start new thread\nTrue\n", result


async def test_a_call_of_another_architecture_kills(run_code):
    code = (
        "import ctypes, mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')  # mov eax, 20; int 0x80; ret\n"
        "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(address)()\nprint('came back')\n"
    )

    result = await run_code(code)

    assert (result.status, result.stdout) == (ExecutionStatus.SIGNAL, "")
