"""Giving up rights: what is left after the sockets are open is what any user has.

Run by sudo, the process becomes the user who called it and keeps only what opening sockets takes.
Before the first answer is parsed it gives that up too, for good.
"""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import suppress
from typing import Final

from paris.errors import WireError

# From linux/prctl.h and linux/capability.h.
_KEEP_CAPABILITIES: Final = 8
_BOUNDING_READ, _BOUNDING_DROP = 23, 24
_NO_NEW_PRIVILEGES: Final = 38
_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION: Final = 0x20080522
_NET_ADMIN, _NET_RAW = 12, 13
_FOR_SOCKETS: Final = 1 << _NET_ADMIN | 1 << _NET_RAW


def become_caller() -> None:
    """If this is root by sudo: be the caller instead, with what raw sockets need.

    What is written then belongs to the caller, and can only be written where the caller may. Root
    stays root where the caller could not read this program.
    """
    caller, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != 0 or not (caller.isdecimal() and group.isdecimal()) or int(caller) == 0:
        return
    uid, gid = int(caller), int(group)
    if not _could_go_on(uid, gid):
        return
    libc = _libc()
    libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    with suppress(PermissionError):  # in a sandbox that lets nobody change identity
        _take_groups(uid, gid)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _ = _set_capabilities(libc, _FOR_SOCKETS) or _set_capabilities(libc, 1 << _NET_RAW)


def _could_go_on(uid: int, gid: int) -> bool:
    """Whether that user could read the interpreter's library and this package."""
    os.setegid(gid)
    os.seteuid(uid)  # which takes the rights to read everything away meanwhile
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
    """Give up every capability and the way to any new one; the identity stays.

    Raises WireError if the system does not let us.
    """
    libc = _libc()
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    capability = 0
    while (has := libc.prctl(_BOUNDING_READ, capability, 0, 0, 0)) >= 0:
        if has:
            libc.prctl(_BOUNDING_DROP, capability, 0, 0, 0)  # refused to who could not use it
        capability += 1
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
    if not _set_capabilities(libc, 0):
        raise WireError(f"cannot give up privileges: {os.strerror(ctypes.get_errno())}")


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    # The kernel reads whole registers and wants those that it does not use to be 0.
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return libc


def _take_groups(uid: int, gid: int) -> None:
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        os.setgroups([gid])
    else:
        os.initgroups(name, gid)


def _set_capabilities(libc: ctypes.CDLL, capabilities: int) -> bool:
    """Make these all that this process may use, with nothing inherited; whether it could be."""
    header = struct.pack("@Ii", _CAPABILITY_VERSION, 0)
    low, high = capabilities & 0xFFFFFFFF, capabilities >> 32
    sets = struct.pack("@6I", low, low, 0, high, high, 0)
    return bool(libc.capset(header, sets) == 0)
