"""The limits a render child puts on itself before it opens anything (reliability.md §5.1).

Everything here is irrevocable for the process. Each measure is tolerated when the kernel lacks it; the child reports
which ones are in force.
"""

import ctypes
import os
import pwd
import resource
import signal
import struct
import sys
import sysconfig
import time
from pathlib import Path

EXTRA_MEMORY_BYTES = 1024**3
FILE_SIZE_BYTES = 64 * 1024 * 1024

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 1, 38, 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
# Linux uapi/linux/landlock.h; the numbers of the system calls are the same on every architecture since 5.13.
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_CREATE_RULESET_VERSION, _LANDLOCK_RULE_PATH_BENEATH = 1, 1
_LANDLOCK_READ = 1 << 2 | 1 << 3
_LANDLOCK_FILE_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
_LANDLOCK_FILE_RIGHTS_NEWEST = 16
_LANDLOCK_TCP = 0b11
_LANDLOCK_SCOPED = 0b11


def confine() -> tuple[str, ...]:
    """Take away what reading a document does not need; returns the names of the measures in force.

    Call once, after all imports and before the first thread: modules outside the Python installation cannot be
    loaded afterwards.
    """
    _limit_resources()
    in_force = ["rlimits"]
    if sys.platform != "linux":
        return tuple(in_force)
    # Looked up while the user may still read it all.
    installation = [os.open(folder, os.O_PATH) for folder in _installation()]
    measures = {
        "nobody": _become_nobody,
        "no_new_privs": lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1),
        "no_network": _leave_network,
        "landlock": lambda: _forbid_files(installation),
        "not_dumpable": lambda: _prctl(_PR_SET_DUMPABLE, 0),
        "dies_with_parent": lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
    }
    for name, measure in measures.items():
        try:
            measure()
        except OSError:
            continue
        in_force.append(name)
    for folder in installation:
        os.close(folder)
    return tuple(in_force)


def rearm_cpu_limit(seconds: float) -> None:
    """Allow so much more CPU time from here on; beyond it the kernel ends the process with SIGXCPU."""
    limit = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_BYTES, FILE_SIZE_BYTES))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + EXTRA_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _become_nobody() -> None:
    """Root only: a shared uid with nothing to its name."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)


def _leave_network() -> None:
    _libc("unshare", ctypes.c_int(_CLONE_NEWUSER | _CLONE_NEWNET))


def _installation() -> set[str]:
    return {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def _forbid_files(readable: list[int]) -> None:
    """Landlock: nothing may be opened but the Python installation, to read; no TCP where the kernel can forbid it."""
    abi = _libc("syscall", _LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION)
    handled = (1 << _LANDLOCK_FILE_RIGHTS_BY_ABI.get(abi, _LANDLOCK_FILE_RIGHTS_NEWEST)) - 1
    fields = [handled, *([_LANDLOCK_TCP] if abi >= 4 else []), *([_LANDLOCK_SCOPED] if abi >= 6 else [])]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _libc("syscall", _LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    for folder in readable:
        rule = struct.pack("=Qi", _LANDLOCK_READ, folder)
        _libc("syscall", _LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, rule, 0)
    _libc("syscall", _LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _prctl(option: int, value: int) -> None:
    _libc("prctl", ctypes.c_int(option), ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def _libc(name: str, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    function = getattr(libc, name)
    function.restype = ctypes.c_long
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result
