"""Builds the site of the docs into a folder: `python -m docs.site.build FOLDER`, without network.

Warnings of Sphinx are errors, and so are references that lead nowhere. Needs the extra `docs`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from docs.site import gallery, pages, reference

_HERE: Final = Path(__file__).parent
#: The pages that only the site has, by their names.
MADE: Final = {
    "gallery": "Gallery",
    "options": "Options of all commands",
    "json": "JSON, member by member",
    "api": "Python interface, from its docstrings",
    "findings": "Findings about systems and libraries",
}


def stage(folder: Path) -> None:
    """Write everything that Sphinx reads into `folder`."""
    pages.stage(folder, MADE)
    made = {
        "gallery": gallery.gallery(folder),
        "options": reference.options(),
        "json": reference.json_formats(),
        "api": reference.python(),
        "findings": reference.findings(),
    }
    for name, text in made.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    static = folder / "_static"
    static.mkdir()
    shutil.copy(_HERE / "site.css", static)
    shutil.copy(_HERE / "conf.py", folder)


def main(arguments: list[str]) -> int:
    """Build the site into the folder that is named. Returns the exit code of Sphinx."""
    from sphinx.cmd.build import build_main

    (built,) = arguments
    with tempfile.TemporaryDirectory() as staged:
        stage(Path(staged))
        return build_main(["-q", "-n", "-W", "--keep-going", staged, built])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
