"""Where tables of networks lie that nobody names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from paris import folders

_GEOIP: Final = ("/usr/share/GeoIP", "/usr/local/share/GeoIP", "/var/lib/GeoIP")


def own_folder() -> Path | None:
    """The user's folder for such tables; None without a home."""
    return next(folders.of_user("XDG_DATA_HOME", ".local/share"), None)


def usual() -> list[str]:
    """The files in the folders for such tables, and the MaxMind DBs where their updater puts them.

    Other programs keep files of other kinds in the folders of MaxMind.
    """
    own = (
        *folders.of_user("XDG_DATA_HOME", ".local/share"),
        *folders.of_system("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
    )
    places = (*((folder, "") for folder in own), *((Path(geo), ".mmdb") for geo in _GEOIP))
    return [
        str(path)
        for folder, suffix in places
        for path in _files(folder)
        if path.name.endswith(suffix)
    ]


def _files(folder: Path) -> list[Path]:
    """The files in a folder that are not hidden; none where this user may not look."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    # Unlike `Path.is_file` before Python 3.14, `isfile` raises nothing.
    shown = (path for path in paths if not path.name.startswith("."))
    return [path for path in shown if os.path.isfile(path)]  # noqa: PTH113
