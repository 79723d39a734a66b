"""The command, run at a lab's source as a user would, and what it found.

It runs in a fork of the test's process, which has imported everything already: starting Python
anew would take longer than most traces do.
"""

from __future__ import annotations

import codecs
import ctypes
import json
import os
import pkgutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import mda
import paris
import render
from paris.cli.exits import guarded
from paris.cli.trace import main
from tests.lab.namespaces import enter_namespace
from tests.lab.netlab import TARGET, Edge, Lab, Truth
from tests.support.commands import Ran, seeded
from tests.support.forks import fork
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress

CHECKOUT = Path(__file__).parents[2]
# Whoever runs behind this is nobody, with no capability and no way to any.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all")
_NOBODY: Final = 65534
_DROP_FROM_BOUNDING_SET: Final = 24  # from linux/prctl.h
_CAPABILITIES: Final = range(64)  # at most

# Nobody may not be able to read what is imported later: packages, and encodings of names and files.
for encoding in ("ascii", "idna"):
    codecs.lookup(encoding)
for package in (mda, paris, render):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


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
        seen = {
            vertex["id"]: (vertex["ttl"], _address(vertex["address"]))
            for vertex in graph["vertices"]
        }
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
    """Let everybody enter a folder of a test, and our folders above it."""
    for place in (folder, *folder.parents):
        if place.stat().st_uid == os.getuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o011)


@dataclass(frozen=True)
class Running:
    """A command under way in a fork of this process, and the files that its output goes to."""

    process_id: int
    arguments: Sequence[str]
    out: IO[str]
    err: IO[str]

    def finish(self) -> Ran:
        """Exit code and output, once it has ended."""
        _, status = os.waitpid(self.process_id, 0)
        with self.out, self.err:
            self.out.seek(0)
            self.err.seek(0)
            exit_code = os.waitstatus_to_exitcode(status)
            return Ran(self.arguments, exit_code, self.out.read(), self.err.read())


def start_at(
    namespace: str, *arguments: str, privileged: bool = True, longest_s: float = LONGEST_S
) -> Running:
    """Start `paris-trace` with `arguments` in a namespace; as nobody if it is not `privileged`.

    After `longest_s` it is killed.
    """
    out = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `finish` closes both
    err = tempfile.TemporaryFile("w+")  # noqa: SIM115

    def work() -> int:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        enter_namespace(namespace)
        if not privileged:
            _become_nobody()
        return guarded("paris-trace", main, arguments)

    return Running(fork(work, longest_s), arguments, out, err)


def run_at(namespace: str, *arguments: str, privileged: bool = True) -> Ran:
    """As `start_at`, until it has ended."""
    return start_at(namespace, *arguments, privileged=privileged).finish()


def _become_nobody() -> None:
    libc = ctypes.CDLL(None)
    for capability in _CAPABILITIES:
        libc.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def trace(lab: Lab, version: int, *options: str, privileged: bool = True) -> Found:
    """Run `paris-trace TARGET` at the lab's source with `options` and read its JSON.

    The run is the same each time, as `seeded` says.
    """
    (found,) = traces(lab, (version,), *options, privileged=privileged).values()
    return found


def traces(
    lab: Lab,
    versions: Sequence[int],
    *options: str,
    privileged: bool = True,
    longest_s: float = LONGEST_S,
) -> dict[int, Found]:
    """As `trace`, by several IP versions side by side: they wait more than they work.

    After `longest_s` they are killed.
    """
    running = {
        version: start_at(
            lab.namespace("src"), str(TARGET[version]), "-n", "-o", "-", "--format", "json",
            *seeded(options), privileged=privileged, longest_s=longest_s,
        )
        for version in versions
    }  # fmt: skip
    ran = {version: command.finish() for version, command in running.items()}
    return {
        version: Found(json.loads(own.stdout) if own.stdout else None, own.returncode, own.stderr)
        for version, own in ran.items()
    }
