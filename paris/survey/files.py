"""The files of a survey: those in its folder, and those in the folders of its slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paris.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

SLICES: Final = "slice-*"
TRACES, PROBES, LINKS = "traces-*.jsonl", "probes-*.parquet", "links-*.parquet"


def folders(survey: Path) -> list[Path]:
    """The folders with files of a survey: its own, and those of the slices that are whole."""
    return [survey, *sorted(survey.glob(SLICES))]


def files(survey: Path, pattern: str) -> list[str]:
    """The files of one kind that have anything in them, in order."""
    found = (file for folder in folders(survey) for file in sorted(folder.glob(pattern)))
    return [str(file) for file in found if file.stat().st_size]


def traces(survey: Path) -> list[str]:
    """The files of traces. Raises FormatError if there is none."""
    found = files(survey, TRACES)
    if not found:
        raise FormatError(f"{survey} is not the folder of a survey: it has no finished trace")
    return found
