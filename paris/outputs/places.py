"""Where a journal goes that lies beside no output: the folder for the state of programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from paris import folders

if TYPE_CHECKING:
    from collections.abc import Iterator


def state_folders() -> Iterator[Path]:
    """Where the user's programs keep their state, or else /tmp."""
    yield from folders.of_user("XDG_STATE_HOME", ".local/state")
    yield Path(os.environ.get("TMPDIR") or "/tmp")
