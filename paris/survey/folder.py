"""The folder of a survey: what is kept of each destination as soon as it is finished.

A trace is first appended to `traces-N.jsonl`, then named in `finished.jsonl`, so that a kill at any
moment leaves at most a torn last line, which the next run removes. Parquet files are written whole
when a part is full; those of a part that was not are made again from its lines.
"""

from __future__ import annotations

import json
import os
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from paris.errors import OutputError, SettingsError, lacking_extra
from paris.files import write_whole
from paris.formats import native
from paris.formats.json_text import json_compact, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

    from mda.model import IPAddress
    from mda.trace import Trace

FORMAT: Final = "paris-survey"
VERSION: Final = 1
_ABOUT, _FINISHED = "survey.json", "finished.jsonl"
_PART_ROWS: Final = 50_000  # of probes; a part ends with the trace that exceeds it
_SYNCED_EVERY_S: Final = 1.0


class Folder:
    """Writes a survey, and goes on with one; `about` is what a survey needs to be resumed.

    `finished` has the addresses that need not be asked again. Raises OutputError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.finished: set[IPAddress] = set()
        self._part = 0
        self._rows: list[dict[str, Any]] = []
        self._links: list[dict[str, Any]] = []
        self._lines: FileIO | None = None
        self._names: FileIO | None = None
        self._synced_at_s = 0.0
        self._is_broken = False

    def create(self, about: dict[str, Any]) -> None:
        """Begin a new survey in a folder that is empty or is not there yet."""
        check_parquet()
        try:
            self._path.mkdir(exist_ok=True)
            if any(self._path.iterdir()):
                raise OutputError(f"{self._path} is not empty; --resume goes on with its survey")
            content = json_text({"format": FORMAT, "version": VERSION, **about})
            write_whole(self._path / _ABOUT, content.encode())
        except OSError as error:
            raise _fault(self._path, error) from None
        self._open()

    def resume(self) -> dict[str, Any]:
        """Go on with the survey in the folder; returns what it was created with."""
        check_parquet()
        try:
            about = json.loads((self._path / _ABOUT).read_text())
        except FileNotFoundError:
            raise SettingsError(f"{self._path} has no survey to resume") from None
        except (OSError, ValueError):
            raise SettingsError(f"{self._path / _ABOUT} cannot be read") from None
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise SettingsError(f"{self._path / _ABOUT} is not that of a survey")
        try:
            self._take_up()
        except OSError as error:
            raise _fault(self._path, error) from None
        except (ValueError, KeyError) as error:
            raise SettingsError(f"{self._path / _FINISHED} is damaged: {error}") from None
        return about

    def add(self, address: IPAddress, trace: Trace) -> None:
        """Keep the trace of a finished destination."""
        line = json_compact(native.document(trace)) + "\n"
        self._append(line, address, {"target": str(address), "part": self._part})
        self._count(trace)

    def add_failure(self, address: IPAddress, reason: str) -> None:
        """Keep why a destination has no trace."""
        self._append("", address, {"target": str(address), "error": reason})

    def close(self) -> None:
        """Write the files of the last part; if a line could not be written, `resume` does that."""
        if not self._is_broken:
            self._end_part()
        for file in (self._lines, self._names):
            if file is not None:
                file.close()

    def _append(self, line: str, address: IPAddress, name: dict[str, Any]) -> None:
        if self._lines is None or self._names is None:
            raise RuntimeError("the folder is neither created nor resumed")
        try:
            _write(self._lines, line.encode())
            _write(self._names, f"{json.dumps(name)}\n".encode())
            self._sync()
        except OSError as error:
            self._is_broken = True
            raise _fault(self._path, error) from None
        self.finished.add(address)

    def _sync(self) -> None:
        """Let a power failure take the last second at most."""
        now_s = time.monotonic()
        if now_s >= self._synced_at_s + _SYNCED_EVERY_S and self._lines and self._names:
            os.fsync(self._lines.fileno())
            os.fsync(self._names.fileno())
            self._synced_at_s = now_s

    def _count(self, trace: Trace) -> None:
        from paris.formats import links_parquet, probes_parquet

        self._rows += probes_parquet.rows(trace)
        self._links += links_parquet.rows(trace)
        if len(self._rows) >= _PART_ROWS:
            self._end_part()
            self._part += 1
            self._open()

    def _end_part(self) -> None:
        """Write the tables of this part, if it has any trace."""
        from paris.formats import links_parquet, probes_parquet
        from paris.formats.parquet import pieces

        if not self._rows:
            return
        tables = (("probes", self._rows, probes_parquet.SCHEMA),
                  ("links", self._links, links_parquet.SCHEMA))  # fmt: skip
        try:
            for name, rows, schema in tables:
                content = b"".join(pieces(rows, schema))
                write_whole(self._path / f"{name}-{self._part:05}.parquet", content)
        except OSError as error:
            raise _fault(self._path, error) from None
        self._rows, self._links = [], []

    def _open(self) -> None:
        try:
            for file in (self._lines, self._names):
                if file is not None:
                    file.close()
            self._lines = self._traces(self._part).open("ab", buffering=0)
            self._names = (self._path / _FINISHED).open("ab", buffering=0)
        except OSError as error:
            raise _fault(self._path, error) from None

    def _traces(self, part: int) -> Path:
        return self._path / f"traces-{part:05}.jsonl"

    def _take_up(self) -> None:
        """Read what is finished, and mend what a kill has torn."""
        for temporary in self._path.glob(".*.part"):
            temporary.unlink()
        names = self._path / _FINISHED
        _untear(names)
        for line in _lines_of(names):
            name = json.loads(line)
            self.finished.add(ip_address(name["target"]))
            self._part = max(self._part, name.get("part", 0))
        while self._traces(self._part + 1).exists():
            self._part += 1
        newest = self._traces(self._part)
        _untear(newest)
        self._open()
        parts = range(self._part + 1)
        if not self._has_tables(self._part):
            parts = range(self._part)
            self._read_again(newest)
        else:
            self._part += 1
            self._open()
        for part in parts:
            if not self._has_tables(part) and self._traces(part).exists():
                self._make_tables(part)

    def _has_tables(self, part: int) -> bool:
        return all(
            (self._path / f"{name}-{part:05}.parquet").exists() for name in ("probes", "links")
        )

    def _make_tables(self, part: int) -> None:
        """Make the tables of a part that is full and was not written to its end."""
        current, rows, links = self._part, self._rows, self._links
        self._part, self._rows, self._links = part, [], []
        self._read_again(self._traces(part), only_rows=True)
        self._end_part()
        self._part, self._rows, self._links = current, rows, links

    def _read_again(self, file: Path, *, only_rows: bool = False) -> None:
        """Take the traces of a part into the tables; a trace that is not named yet is."""
        from paris.formats import links_parquet, probes_parquet

        for line in _lines_of(file):
            trace = native.read(line, str(file))
            self._rows += probes_parquet.rows(trace)
            self._links += links_parquet.rows(trace)
            address = trace.plan.destination
            if not only_rows and address not in self.finished and self._names is not None:
                name = {"target": str(address), "part": self._part}
                _write(self._names, f"{json.dumps(name)}\n".encode())
                self.finished.add(address)


def check_parquet() -> None:
    """Raise SettingsError if the library that writes Parquet files is not there."""
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise lacking_extra("paris-survey", error, "parquet") from None


def _write(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _untear(file: Path) -> None:
    """Remove what follows the last line break of a file, if there is one."""
    if not file.exists():
        return
    with file.open("r+b") as stream:
        end = at = stream.seek(0, os.SEEK_END)
        while at:
            begin = max(0, at - (1 << 16))
            stream.seek(begin)
            found = stream.read(at - begin).rfind(b"\n")
            if found >= 0:
                if begin + found + 1 < end:
                    stream.truncate(begin + found + 1)
                return
            at = begin
        stream.truncate(0)


def _lines_of(file: Path) -> Iterator[str]:
    if file.exists():
        with file.open() as stream:
            yield from stream


def _fault(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write to {path}: {error.strerror}")
