"""The command, run at a lab's source as a user would, and what it found."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.netlab import TARGET, Edge, Lab, Truth

if TYPE_CHECKING:
    from mda.model import IPAddress

CHECKOUT = Path(__file__).parents[2]
# Whoever runs behind this is nobody, with no capability and no way to any.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all")


@dataclass(frozen=True)
class Found:
    """What a run of the command put into its JSON, beside its exit code and standard error."""

    document: Any
    exit_code: int
    stderr: str

    @property
    def truth(self) -> Truth:
        """The graph that it found, comparable with the lab's truth."""
        graph = self.document["graph"]
        seen = {one["id"]: (one["ttl"], _address(one["address"])) for one in graph["vertices"]}
        edges: frozenset[Edge] = frozenset(
            (seen[edge["from"]], seen[edge["to"]]) for edge in graph["edges"]
        )
        return Truth(frozenset(seen.values()), edges)


def _address(text: str | None) -> IPAddress | None:
    return None if text is None else ip_address(text)


def command_line(*arguments: str) -> list[str]:
    """`paris-trace` with this checkout's code."""
    return ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "paris", *arguments]


def as_nobody(command: list[str]) -> list[str]:
    """A command line of `command_line`, run without any privilege."""
    # The interpreter may lie where only root can go: setpriv itself starts it, env would not.
    return [*command[:2], *NOBODY, *command[2:]]


def open_to_all(folder: Path) -> None:
    """Let everybody go into a folder of a test, and into those of ours that it lies in."""
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.getuid() and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o011)


def trace(lab: Lab, version: int, *options: str, privileged: bool = True) -> Found:
    """Run `paris-trace TARGET` at the lab's source with `options` and read its JSON."""
    command = command_line(str(TARGET[version]), "-n", "-o", "-", "--format", "json", *options)
    run = lab.run(*(command if privileged else as_nobody(command)))
    document = json.loads(run.stdout) if run.stdout else None
    return Found(document, run.returncode, run.stderr)
