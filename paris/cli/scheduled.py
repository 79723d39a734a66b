"""`paris-survey --scheduler`: the workers of a Dask scheduler trace the slices of a survey."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from paris.cli.exits import complain
from paris.errors import ExitCode, lacking_extra

if TYPE_CHECKING:
    from pathlib import Path

    from paris.settings import Settings
    from paris.survey.survey import Manner

_PROGRAM: Final = "paris-survey"


def check(address: str) -> None:
    """Raise SettingsError or WireError if no scheduler can be asked."""
    try:
        from paris.survey import scheduler
    except ModuleNotFoundError as error:
        raise lacking_extra("--scheduler", error, "dask") from None
    with scheduler.connected(address):
        pass


def scheduled(
    address: str,
    folder: Path,
    about: dict[str, Any],
    settings: Settings,
    manner: Manner,
    *,
    is_shown: bool,
) -> int:
    """Have all slices traced that are not in `folder` yet. Returns the exit code."""
    from paris.survey import scheduler, slices

    parts = slices.slices(folder, about, settings, manner)
    finished = failed = 0
    with scheduler.connected(address) as client:
        if not scheduler.workers(client):
            complain(_PROGRAM, f"{address} has no worker yet: waiting for one")
        slices.go_on(folder)
        try:
            for number, count in enumerate(scheduler.counts(client, parts), 1):
                finished += count.finished
                failed += count.failed
                if is_shown:
                    sys.stderr.write(f"\r\x1b[K{number} of {len(parts)} slices, {finished} traces")
                    sys.stderr.flush()
        except BaseException as error:
            slices.stop(folder)
            if not isinstance(error, KeyboardInterrupt):
                raise
            complain(_PROGRAM, f"interrupted: paris-survey --resume -o {folder} goes on")
            return ExitCode.INTERRUPTED
        finally:
            if is_shown:
                sys.stderr.write("\r\x1b[K")
    slices.tidy(folder)
    without = f", {failed} without a trace" if failed else ""
    complain(
        _PROGRAM, f"{finished} destinations traced into {folder}, in {len(parts)} slices{without}"
    )
    return ExitCode.NOT_REACHED if failed else ExitCode.REACHED
