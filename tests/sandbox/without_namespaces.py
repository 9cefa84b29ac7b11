"""Starts the default sandbox where the host refuses calls: `python without_namespaces.py CALL…`.

The refusal is a seccomp filter, as container runtimes have it. Ends with one line of JSON.
"""

import asyncio
import errno
import json
import sys

import pyseccomp

from sygra_eval.sandbox import start_sandbox
from sygra_eval.sandbox.builtin import sygra_register_sandboxes
from sygra_eval.values import Execution, SandboxProvider, SandboxUnavailable


async def main(refused: list[str]) -> None:
    filtered = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for call in refused:
        filtered.add_rule(pyseccomp.ERRNO(errno.EPERM), call)
    filtered.load()
    providers: dict[str, SandboxProvider] = {}
    sygra_register_sandboxes(providers.__setitem__)
    try:
        sandbox = await start_sandbox(providers, require=None, isolation=None, slots=1)
    except SandboxUnavailable as error:
        print(json.dumps({"refused": str(error)}))
        return
    ran = await sandbox.run(Execution(files={"a.py": "print(1)"}, entry="a.py"))
    await sandbox.close()
    print(json.dumps({"isolation": ran.isolation, "stdout": ran.stdout}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
