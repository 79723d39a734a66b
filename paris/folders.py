"""The folders in which the user's programs keep things (XDG Base Directory Specification)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = "paris-trace"


def of_user(variable: str, default: str) -> Iterator[Path]:
    """Our folder in the one that an environment variable names, then in `default` under home.

    Under sudo that is a folder of the calling user: the variables may be those of root.
    """
    named, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if "SUDO_UID" in os.environ:
        named, home = "", _home()
    for folder in (Path(named), Path(home, default)):
        if folder.is_absolute():
            yield folder / _FOLDER


def of_system(variable: str, default: str) -> Iterator[Path]:
    """Our folder in each of those that an environment variable lists."""
    for name in (os.environ.get(variable) or default).split(":"):
        if Path(name).is_absolute():
            yield Path(name, _FOLDER)


def _home() -> str:
    """The home of the user that this process runs as; empty without one."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ""
