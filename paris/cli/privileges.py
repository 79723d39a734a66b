"""Drops privileges, so that the process parses replies with the rights of an ordinary user.

Under sudo the process becomes the user who called it, and keeps only the capabilities that opening
sockets needs. Before it parses the first reply, it permanently drops those too.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

from paris.errors import WireError
from paris.wire.linux.capabilities import FOR_SOCKETS, libc, reduce_to

# From linux/prctl.h.
_KEEP_CAPABILITIES: Final = 8
_BOUNDING_READ, _BOUNDING_DROP = 23, 24
_NO_NEW_PRIVILEGES: Final = 38
_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_STAYS_ROOT: Final = (
    "this process stays root, and gives up its capabilities before it reads a reply"
)
_NOBODY: Final = 0xFFFFFFFF  # to setresuid(2) this number means no change


def become_caller() -> str | None:
    """Under sudo, become the calling user, but keep the capabilities that opening sockets needs.

    Output files then belong to the caller, who needs permission to write them. Returns why, in a
    line, if the process stays root where the caller is somebody else.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = _id("SUDO_UID"), _id("SUDO_GID")
    if uid == 0:
        return None
    if uid is None or gid is None:
        return f"{_STAYS_ROOT}: SUDO_UID and SUDO_GID are not a user and a group"
    if not _can_read_program(uid, gid):
        return f"{_STAYS_ROOT}: the user who called sudo cannot read this program"
    libc().prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    try:
        _take_groups(uid, gid)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except PermissionError:  # a sandbox may forbid every change of identity
        return f"{_STAYS_ROOT}: this system forbids to change the user"
    reduce_to(FOR_SOCKETS)
    return None


def _id(variable: str) -> int | None:
    """The user or group that an environment variable names by its number, if it does."""
    digits = os.environ.get(variable, "")
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= len(str(_NOBODY))):
        return None
    return int(digits) if int(digits) < _NOBODY else None


def _can_read_program(uid: int, gid: int) -> bool:
    """Whether this user can read the interpreter's library and this package."""
    os.setegid(gid)
    os.seteuid(uid)  # suspends root's right to read everything
    try:
        for file in (os.__file__, __file__):
            os.close(os.open(file, os.O_RDONLY))
    except OSError:
        return False
    finally:
        os.seteuid(0)
        os.setegid(0)
    return True


def give_up() -> None:
    """Drop every capability, and every way to regain one; the user stays the same.

    Raises WireError if the system refuses.
    """
    prctl = libc().prctl
    prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    capability = 0
    while (has := prctl(_BOUNDING_READ, capability, 0, 0, 0)) >= 0:
        if has:
            # The kernel refuses this to a process without CAP_SETPCAP, which is harmless.
            prctl(_BOUNDING_DROP, capability, 0, 0, 0)
        capability += 1
    prctl(_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
    if not reduce_to(0):
        raise WireError(f"cannot give up privileges: {os.strerror(ctypes.get_errno())}")


def _take_groups(uid: int, gid: int) -> None:
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        os.setgroups([gid])
    else:
        os.initgroups(name, gid)
