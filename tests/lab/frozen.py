"""A disk that takes nothing until it is let go on: whoever creates or writes a file there waits."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BYTES = 4 << 20


@contextmanager
def frozen(folder: Path) -> Iterator[Callable[[], None]]:
    """Mount a frozen disk on `folder`, which is made; what is given lets it go on."""
    image = folder.with_suffix(".img")
    folder.mkdir()
    with image.open("xb") as file:
        file.truncate(_BYTES)
    _run("mkfs.ext4", "-q", image)
    _run("mount", "-o", "loop", image, folder)
    is_frozen = False

    def thaw() -> None:
        nonlocal is_frozen
        if is_frozen:
            _run("fsfreeze", "--unfreeze", folder)
            is_frozen = False

    try:
        _run("fsfreeze", "--freeze", folder)
        is_frozen = True
        yield thaw
    finally:
        thaw()
        _run("umount", "--lazy", folder)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)
