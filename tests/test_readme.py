"""What the README and the docs show is what the program does."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import mda
import paris
import render
from paris.cli.exits import guarded
from paris.cli.trace import main
from paris.errors import ExitCode

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text()
PAGES = {page.name: page.read_text() for page in (CHECKOUT / "docs").glob("*.md")} | {
    "README.md": README
}


def blocks(language: str) -> list[str]:
    return [
        block
        for page in PAGES.values()
        for block in re.findall(
            rf"^```{language}\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE
        )
    ]


def test_console_blocks_show_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    every = blocks("console")
    assert len(every) >= 3
    for block in every:
        command, _, shown = block.partition("\n")
        output, _, told = shown.partition("$ echo $?\n")
        prompt, program, *arguments = shlex.split(command)
        assert (prompt, program) == ("$", "paris-trace")
        assert guarded(program, main, arguments) == int(told or ExitCode.REACHED)
        assert capsys.readouterr().out == output


def test_python_blocks_run() -> None:
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), {})
        assert printed.getvalue().splitlines()[-1].startswith("2 0.0")


def test_the_readme_lists_the_exit_codes_of_the_program() -> None:
    told = re.search(r"^Exit status: (.*?)\n\n", README, flags=re.DOTALL | re.MULTILINE)
    assert told is not None
    assert [int(code) for code in re.findall(r"\b(\d+) [a-z]", told[1])] == sorted(ExitCode)


def test_the_packages_under_test_are_those_of_this_checkout() -> None:
    for package in (mda, render, paris):
        assert Path(str(package.__file__)).is_relative_to(CHECKOUT)
