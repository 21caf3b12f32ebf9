"""Which user a server runs as when the launcher is root: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from pathlib import Path

from launch.places import LaunchError

CAN_REACH = 'test -x "$0" && test -x "$1"'


def unprivileged_identity(program: Path, folder: Path) -> str:
    """How `child.py` shall run `program` on data in `folder`: `same` unless root, else `nobody` or `userns`.

    `nobody` is the better wall. `userns` is for a tree that `nobody` cannot traverse, such as one under /root; it
    needs Linux with user namespaces. Raises `LaunchError` where neither works.
    """
    if os.geteuid() != 0:
        return "same"
    if _can_nobody_reach(program, folder):
        return "nobody"
    if _has_user_namespaces():
        return "userns"
    raise LaunchError(
        f"PostgreSQL does not run as root, and the user nobody cannot reach {program} or {folder}: "
        "start as another user, or move both where everyone may pass"
    )


def give_to_identity(tree: Path, identity: str) -> None:
    """Makes the identity the owner of the tree; does nothing if it is already, or without root's rights."""
    if identity == "same":
        return
    nobody = pwd.getpwnam("nobody")
    uid, gid = (nobody.pw_uid, nobody.pw_gid) if identity == "nobody" else (0, 0)
    if tree.stat().st_uid == uid:
        return
    for path in (*tree.rglob("*"), tree):
        os.lchown(path, uid, gid)


def _can_nobody_reach(program: Path, folder: Path) -> bool:
    nobody = pwd.getpwnam("nobody")
    test = subprocess.run(
        ["/bin/sh", "-c", CAN_REACH, str(program), str(folder)],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return test.returncode == 0


def _has_user_namespaces() -> bool:
    try:
        return subprocess.run(["unshare", "--user", "--map-user=1000", "true"], check=False).returncode == 0
    except FileNotFoundError:
        return False
