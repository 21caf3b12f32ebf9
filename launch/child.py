"""Execs one command tied to its parent's life and, for root, as another user.

Run as a script by `launch.processes`, in isolated mode and with the standard library only: it starts as root, before
the privileges are dropped, where the command itself may not be able to read this tree.

Usage: child.py PARENT_PID DEATH_SIGNAL IDENTITY COMMAND [ARGUMENT ...]
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

# Both constants: Linux headers, sys/prctl.h and linux/sched.h.
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Replaces this process by COMMAND; exits with 1 if the parent is already gone."""
    parent_pid, death_signal, identity, *command = sys.argv[1:]
    become(identity)
    die_with_parent(int(death_signal))
    if os.getppid() != int(parent_pid):
        sys.exit("the launcher is gone")
    os.execv(command[0], command)


def become(identity: str) -> None:
    """Changes the user: `same` does nothing, `nobody` drops root for good, `userns` hides it.

    In `userns` the process keeps root's rights to root's own files, which is what a tree under /root needs, but has
    none of root's capabilities and sees itself as uid 1000, so PostgreSQL agrees to run.
    """
    if identity == "nobody":
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    if identity == "userns":
        _call_libc("unshare", CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text("1000 0 1")
        Path("/proc/self/gid_map").write_text("1000 0 1")


def die_with_parent(death_signal: int) -> None:
    """Asks the kernel to send the signal when the thread that started this process ends; Linux only.

    Must come after `become`: a change of credentials clears the setting (prctl(2), PR_SET_PDEATHSIG).
    """
    if sys.platform == "linux" and death_signal:
        _call_libc("prctl", PR_SET_PDEATHSIG, death_signal)


def _call_libc(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
