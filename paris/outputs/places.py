"""Where a journal goes that lies beside no output: the folder for the state of programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = "paris-trace"


def state_folders() -> Iterator[Path]:
    """Where the user's programs keep their state (XDG Base Directory Specification), or else /tmp.

    Under sudo that is a folder of the calling user: the variables may be those of root.
    """
    state, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if "SUDO_UID" in os.environ:
        state, home = "", _home()
    for folder in (Path(state), Path(home, ".local/state")):
        if folder.is_absolute():
            yield folder / _FOLDER
    yield Path(os.environ.get("TMPDIR") or "/tmp")


def _home() -> str:
    """The home of the user that this process runs as; empty without one."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ""
