"""The seccomp allow list: what a program may ask the kernel for; the rest is EPERM.

Threads but no processes, files but no sockets, its own timers but no signal to anyone. With
`PROGRAMS` one may take the place of another (exec), with `PROCESSES` they may also have children
and signal those they see. The filter is built once per sandbox and profile by libseccomp, through
pyseccomp, and loaded as raw bytes in each child.
"""

import errno
import tempfile
from collections.abc import Iterator
from functools import lru_cache

from sygra_eval.values import PROCESSES, PROGRAMS, SandboxUnavailable

PLAIN_CALLS = """
access alarm arch_prctl brk capget chdir clock_getres clock_gettime clock_nanosleep close
close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 exit exit_group
faccessat faccessat2 fadvise64 fallocate fchdir fdatasync flock fstat fstatfs fsync ftruncate
futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list getcpu getcwd getdents
getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid
getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid
gettimeofday getuid lseek link linkat lstat madvise membarrier mincore mkdir mkdirat mmap mprotect
mremap msync munmap nanosleep newfstatat open openat openat2 pause pipe pipe2 poll ppoll pread64
preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom
rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_yield
select sendfile set_robust_list set_tid_address setitimer setrlimit shutdown sigaltstack splice
stat statfs statx symlink symlinkat sync_file_range sysinfo tee time timerfd_create
timerfd_gettime timerfd_settime times truncate umask uname unlink unlinkat wait4 waitid write writev
"""

# Landlock does not cover them, and a program may own files outside its folder (it runs as the
# user where the harness is not root): so they do nothing and say yes, which keeps `shutil.copy`
# and `tarfile` working inside.
PRETENDED_CALLS = "chmod fchmod fchmodat fchmodat2 utime utimes utimensat futimesat"
UNSUPPORTED_CALLS = """
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr
"""

# Haskell's runtime (ShellCheck) begins with a timer, whose signal is its own.
PROGRAM_CALLS = "execve timer_create timer_settime timer_gettime timer_getoverrun timer_delete"
# Signals reach whom a pid namespace shows: the program's own children.
PROCESS_CALLS = "fork vfork kill tkill tgkill setpgid setsid"

CLONE_THREAD = 0x10000
CLONE_NEW_ANYTHING = 0x7E020000
# No F_SETOWN, F_SETSIG, F_NOTIFY: they make the kernel send a signal to another process.
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
IOCTL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # tty size, unread bytes, flags
PR_SET_NAME, PR_GET_NAME = 15, 16
AF_UNIX, SOCK_STREAM, SOCK_TYPE_BITS = 1, 1, 0xF


@lru_cache(maxsize=4)
def allow_list(allow: frozenset[str] = frozenset()) -> bytes:
    """Build the filter for this machine's architecture; any other one is killed.

    :param allow: `PROGRAMS` or `PROCESSES`, as an execution asks for them.
    :raises SandboxUnavailable: Without libseccomp.
    """
    try:
        import pyseccomp as sc  # loads the system's libseccomp, absent outside Linux
    except (ImportError, OSError, RuntimeError) as error:
        raise SandboxUnavailable(
            f"seccomp: libseccomp cannot be loaded ({error}); install the system's package"
            " `libseccomp2` (Debian, Ubuntu) or `libseccomp` (Fedora, Arch, Alpine)"
        ) from error
    rules = sc.SyscallFilter(sc.ERRNO(errno.EPERM))
    rules.set_attr(sc.Attr.ACT_BADARCH, sc.KILL_PROCESS)

    def add(action: int, name: str, *arguments: object) -> None:
        if sc.resolve_syscall(sc.Arch.NATIVE, name) >= 0:  # negative: not on this architecture
            rules.add_rule(action, name, *arguments)

    further = PROGRAM_CALLS if allow & {PROGRAMS, PROCESSES} else ""
    further += f" {PROCESS_CALLS}" if PROCESSES in allow else ""
    for name in (*PLAIN_CALLS.split(), *further.split()):
        add(sc.ALLOW, name)
    for name in PRETENDED_CALLS.split():
        add(sc.ERRNO(0), name)
    for name in UNSUPPORTED_CALLS.split():
        add(sc.ERRNO(errno.ENOTSUP), name)
    add(sc.ERRNO(errno.ENOSYS), "clone3")  # its flags are out of sight; libc falls back to clone
    threads_only = sc.Arg(0, sc.MASKED_EQ, CLONE_THREAD | CLONE_NEW_ANYTHING, CLONE_THREAD)
    no_namespaces = sc.Arg(0, sc.MASKED_EQ, CLONE_NEW_ANYTHING, 0)
    add(sc.ALLOW, "clone", no_namespaces if PROCESSES in allow else threads_only)
    add(sc.ALLOW, "prlimit64", sc.Arg(0, sc.EQ, 0))
    for argument, name, values in checked_values():
        for value in values:
            add(sc.ALLOW, name, sc.Arg(argument, sc.EQ, value))
    # asyncio wakes itself through a connected pair; a stream pair can address nobody else.
    pair = (sc.Arg(0, sc.EQ, AF_UNIX), sc.Arg(1, sc.MASKED_EQ, SOCK_TYPE_BITS, SOCK_STREAM))
    add(sc.ALLOW, "socketpair", *pair)
    add(sc.ALLOW, "sendto", sc.Arg(4, sc.EQ, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def checked_values() -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """List calls that some values of one argument allow: its index, the call, the values."""
    yield 0, "prctl", (PR_SET_NAME, PR_GET_NAME)
    yield 1, "fcntl", FCNTL_COMMANDS
    yield 1, "ioctl", IOCTL_REQUESTS
