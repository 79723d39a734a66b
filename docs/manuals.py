"""Writes man pages and shell completions, from the parsers, while a wheel is built."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CHECKOUT: Final = Path(__file__).parents[1]
_PROGRAMS: Final = {
    "paris-trace": ("trace_parser", "find every load-balanced path to a host, and draw it"),
    "paris-convert": ("convert_parser", "write the traces of many files into one, another way"),
    "paris-survey": ("survey_parser", "trace many destinations at once, into one folder"),
    "paris-render": ("render_parser", "make any output of paris-trace again from its files"),
}
# Where each shell looks for the completions of a program, below the prefix of the installation.
_COMPLETIONS: Final = {
    "bash": "share/bash-completion/completions/{}",
    "zsh": "share/zsh/site-functions/_{}",
    "fish": "share/fish/vendor_completions.d/{}.fish",
}
_FILES: Final = ("DIR", "FILE", "NETWORK", "TARGET")  # what stands for a file in the help


class ManualsHook(BuildHookInterface[Any]):
    """Puts the pages and completions into the wheel, as files of its prefix."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them, and say where they go; `version` is "standard" or "editable"."""
        self._folder = tempfile.TemporaryDirectory()
        build_data["shared_data"] |= write(Path(self._folder.name), self.metadata.version)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel holds by now."""
        self._folder.cleanup()


def write(folder: Path, version: str) -> dict[str, str]:
    """Write all files into a folder. Returns where each goes below the prefix, by its path."""
    sys.path.insert(0, str(CHECKOUT))
    import shtab

    from paris.cli import parser as parsers

    places = {}
    (folder / "more").write_text(_exit_status())
    for program, (function, about) in _PROGRAMS.items():
        page = folder / f"{program}.1"
        command = (
            sys.executable, "-c", "from argparse_manpage.cli import main; main()",
            "--module", "paris.cli.parser", "--function", function, "--project-name", "paris-trace",
            "--version", version, "--description", about, "--manual-title", "paris-trace",
            "--include", str(folder / "more"), "--output", str(page),
        )  # fmt: skip
        subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
        places[str(page)] = f"share/man/man1/{page.name}"
        parser = getattr(parsers, function)()
        for action in parser._actions:
            if action.metavar in _FILES:
                action.complete = shtab.FILE
        for shell, place in _COMPLETIONS.items():
            file = folder / f"{program}.{shell}"
            file.write_text(shtab.complete(parser, shell=shell))
            places[str(file)] = place.format(program)
    return places


def _exit_status() -> str:
    """The table of docs/exit-codes.md as a section of a man page."""
    rows = re.findall(
        r"^\| (\d+) \| `\w+` \| (.*) \|$",
        (CHECKOUT / "docs/exit-codes.md").read_text(),
        flags=re.MULTILINE,
    )
    lines = ["[exit status]"]
    for code, when in rows:
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", when).replace("`", "").replace("-", "\\-")
        lines += [".TP", f".B {code}", plain]
    return "\n".join(lines) + "\n"
