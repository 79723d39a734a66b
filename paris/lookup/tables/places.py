"""Where tables of networks lie that nobody names."""

from __future__ import annotations

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
    found = [
        path
        for folder, pattern in (*((own, "*") for own in own), *((geo, "*.mmdb") for geo in _GEOIP))
        for path in sorted(Path(folder).glob(pattern))
        if not path.name.startswith(".") and path.is_file()
    ]
    return [str(path) for path in found]
