"""The gallery: what the program draws, drawn by it while the site is built."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path
from typing import Final, NamedTuple

from paris.cli import render, survey, trace
from paris.cli.exits import guarded
from paris.errors import ExitCode

_PROGRAMS: Final = {
    "paris-trace": trace.main, "paris-render": render.main, "paris-survey": survey.main,
}  # fmt: skip


class Picture(NamedTuple):
    """A picture: what it shows, and the commands that make it, the last of which names it."""

    title: str
    about: str
    commands: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file that the last command writes."""
        words = shlex.split(self.commands[-1])
        return words[words.index("-o") + 1]


PICTURES: Final = (
    Picture(
        "A diamond", "Two branches, of which one is slower: the strip below has round trips.",
        ("paris-trace --sim two-way --mda -o two-way.svg",),
    ),
    Picture(
        "Nested balancers", "Each branch splits again.",
        ("paris-trace --sim nested --mda -o nested.svg",),
    ),
    Picture(
        "Meshed hops", "Eight routers, each joined to each of the eight behind them.",
        ("paris-trace --sim meshed --mda -o meshed.svg",),
    ),
    Picture(
        "Folded branches", "48 branches that are alike are one stack, with count, share and range.",
        ("paris-trace --sim forty-eight-way --mda -o forty-eight-way.svg",),
    ),
    Picture(
        "Branches of unequal length", "Routers behind them are met at two distances.",
        ("paris-trace --sim unequal-length --mda -o unequal-length.svg",),
    ),
    Picture(
        "What a balancer hashes", "Its badge names the fields that choose the branch.",
        ("paris-trace --sim weighted --classify -o classified.svg",),
    ),
    Picture(
        "Links that do not exist", "A classic traceroute infers the crossed ones.",
        ("paris-trace --sim asymmetric --mda --classic -o classic.svg",),
    ),
    Picture(
        "Labels of MPLS", "",
        ("paris-trace --sim mpls --mda -o mpls.svg",),
    ),
    Picture(
        "A verdict", "One of four branches drops the port of a service.",
        ("paris-trace --sim firewall -T -p https --mda -o firewall.svg",),
    ),
    Picture(
        "What changed", "Vertices and links that came and went between two traces of a host.",
        (
            "paris-trace --sim two-way --mda -o before.json",
            "paris-trace --sim four-way --mda -o after.json",
            "paris-render --diff before.json after.json -o changed.svg",
        ),
    ),
    Picture(
        "Many traces in one graph", "Lines are as wide as the share of the traces that have them.",
        (
            "paris-survey 10.0.0.0/29 --sim internet:1 --mda -o survey",
            "paris-render --merge survey/traces-00000.jsonl -o merged.svg",
        ),
    ),
    Picture(
        "For a paper", "8.5 cm wide, without title, sentences and legend.",
        ("paris-trace --sim asymmetric --mda --size paper --plain -o paper.svg",),
    ),
    Picture(
        "A page to explore", "With search, folding, paths that light up, a replay and tables.",
        ("paris-trace --sim one-slow --paths -o explore.html",),
    ),
)  # fmt: skip


def gallery(folder: Path) -> str:
    """The page, whose pictures are written into `folder`/gallery.

    Raises RuntimeError with what a command says if it fails.
    """
    pictures = folder / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    parts = [
        "# Gallery",
        "",
        "Every picture was drawn by this version, with the command shown.",
        "",
    ]
    with contextlib.chdir(pictures):
        for own in PICTURES:
            for command in own.commands:
                _run(command)
            parts += [f"## {own.title}", "", own.about, "", "```text", *own.commands, "```", ""]
            file = f"gallery/{own.file}"
            if file.endswith(".svg"):
                parts += [f"![{own.title}: {own.about}]({file})", ""]
            else:
                parts += [
                    f"[Open the page](path:{file}), one file of {_kilobytes(own.file)} kB.",
                    "",
                ]
    return "\n".join(parts)


def _run(command: str) -> None:
    program, *arguments = shlex.split(command)
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = guarded(program, _PROGRAMS[program], arguments)
    # A change that --diff finds, and a verdict, are what a picture is to show.
    if code not in (ExitCode.REACHED, ExitCode.CHANGED, ExitCode.FILTERED):
        said.seek(0)
        raise RuntimeError(f"{command}: ends with {code}: {said.read()}")


def _kilobytes(file: str) -> int:
    return round(Path(file).stat().st_size / 1000)
