"""A survey in slices: each is traced as a whole somewhere, into a folder below the survey's.

A slice is traced under a hidden name that no other attempt has, and takes its own name when it is
whole. So one that is begun again, or by two machines at a time, is there once.
"""

from __future__ import annotations

import json
import secrets
import shutil
from ipaddress import ip_network
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from paris.engine.stopping import NeverStops
from paris.errors import OutputError, SettingsError, WireError
from paris.survey.files import SLICES
from paris.survey.folder import Folder
from paris.survey.survey import Manner, SurveyHooks, survey
from paris.survey.targets import Block, Targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.model import IPAddress, Outcome
    from mda.trace import Trace
    from paris.settings import Settings

# Each slice draws all targets and keeps its own. With so many, that takes 1 % of its time at most.
_MOST: Final = 256
_LEAST_TARGETS: Final = 16
_STOPPED: Final = ".stopped"
_LOOKS_EVERY_S: Final = 1.0


class Slice(NamedTuple):
    """Part `number` of `of` of the survey in `folder`; `about` is what its survey.json says."""

    folder: str
    number: int
    of: int
    about: dict[str, Any]
    settings: Settings
    manner: Manner

    @property
    def name(self) -> str:
        """Its folder in that of the survey."""
        return f"{SLICES[:-1]}{self.number:05}"


class Count(NamedTuple):
    """How many destinations of a slice have a trace, and how many have none."""

    finished: int
    failed: int


def slices(folder: Path, about: dict[str, Any], settings: Settings, manner: Manner) -> list[Slice]:
    """All slices of a survey."""
    of = max(1, min(_MOST, -(-_targets(about).count // _LEAST_TARGETS)))
    return [Slice(str(folder), number, of, about, settings, manner) for number in range(of)]


def addresses(own: Slice) -> Iterator[IPAddress]:
    """The targets of a slice, in the order of the survey; none comes twice, nor in two slices."""
    seen = set()
    for address in _targets(own.about):
        if crc32(address.packed) % own.of == own.number and address not in seen:
            seen.add(address)
            yield address


def traced(own: Slice, worker: str) -> Count:
    """Trace a slice, unless its folder is there already; its survey.json will name `worker`.

    Raises what `survey` raises, OutputError, SettingsError if this machine does not see the folder
    of the survey, and WireError if `stop` was called for it.
    """
    home = Path(own.folder)
    if not _is_there(home, own.about):
        raise SettingsError(
            f"worker {worker} does not see {home}: the folder must be on shared storage"
        )
    whole, attempt = home / own.name, home / f".{own.name}-{secrets.token_hex(8)}"
    if not whole.exists():
        try:
            _trace(own, attempt, worker)
            _take_name(attempt, whole)
        finally:
            shutil.rmtree(attempt, ignore_errors=True)
    return _count(whole)


def stop(folder: Path) -> None:
    """Let every slice that is under way anywhere end within a second or so, unfinished."""
    (folder / _STOPPED).touch()


def go_on(folder: Path) -> None:
    """Take back what `stop` asked for."""
    (folder / _STOPPED).unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Remove what attempts left that did not come to their end. None may be under way."""
    for attempt in folder.glob(f".{SLICES}"):
        shutil.rmtree(attempt, ignore_errors=True)


def _targets(about: dict[str, Any]) -> Targets:
    blocks = [Block(*own) for own in about["blocks"]]
    return Targets(blocks, map(ip_network, about["excluded"]), about["seed"])


def _is_there(home: Path, about: dict[str, Any]) -> bool:
    try:
        found = json.loads((home / "survey.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("seed") == about["seed"]


def _trace(own: Slice, attempt: Path, worker: str) -> None:
    folder = Folder(attempt)
    folder.create({**own.about, "slice": [own.number, own.of], "worker": worker})

    def finished(address: IPAddress, trace: Trace) -> None:
        folder.add(address, trace)

    hooks = SurveyHooks(
        finished, folder.add_failure, _Looks(Path(own.folder)).observe, lambda: None, NeverStops()
    )
    try:
        is_whole = survey(own.settings, addresses(own), own.manner, hooks)
    finally:
        folder.close()
    if not is_whole:
        raise WireError("the survey was stopped")


class _Looks:
    """Ends a survey when `stop` was called for it."""

    def __init__(self, home: Path) -> None:
        self._sign = home / _STOPPED
        self._next_s = float("-inf")

    def observe(self, _: Outcome) -> None:
        """Look from time to time."""
        now_s = monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _LOOKS_EVERY_S
            if self._sign.exists():
                raise KeyboardInterrupt


def _take_name(attempt: Path, whole: Path) -> None:
    try:
        attempt.rename(whole)
    except OSError as error:
        if not whole.exists():  # else another attempt was first
            raise OutputError(f"cannot write {whole}: {error.strerror}") from None


def _count(whole: Path) -> Count:
    try:
        names = [json.loads(line) for line in (whole / "finished.jsonl").read_text().splitlines()]
        failed = sum("error" in name for name in names)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"{whole / 'finished.jsonl'} is damaged: {error}") from None
    return Count(len(names) - failed, failed)
