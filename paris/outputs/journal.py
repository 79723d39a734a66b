"""Keeps a measurement on disk as it is made, so that no end of the program loses it.

A journal is a file of packets (`paris.formats.capture`). It is only appended to, and synced each
second, so `--replay` reads it after a crash or a power failure as well. Where packets are asked for
it becomes that output. Otherwise it is removed as soon as every output is written. The measurement
never waits for the disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.errors import OutputError
from paris.outputs.files import is_replaceable, not_written, open_stream, put, write
from paris.outputs.registry import CAPTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import ProbeRequest, Way
    from mda.plan import Plan, WireReport
    from mda.trace import Trace
    from paris.engine.record import RawRecord
    from paris.formats.capture import Writer
    from paris.outputs.backlog import Backlog
    from paris.outputs.files import Output
    from paris.outputs.journal_file import JournalFile
    from paris.wire.base import Received

_NO_JOURNAL: Final = (
    "no folder takes a journal: until the outputs are written, a crash loses what is measured "
    "(XDG_STATE_HOME may name a folder)"
)
_LEFT: Final = "the disk is too slow: {} may be left, though every output is written"

_Taken = Mapping[int, "Way"]


class Journal:
    """Writes a measurement as it is made; see `paris.engine.record.Journal`.

    It lies beside the first of `outputs` that is a file, or with the user's other states of
    programs; `label` is a part of its name. Where packets are asked for in a pipe or a device, they
    are written there as well. The file is opened when the first reply has come. `warn` is given a
    line if no folder takes it, or if the disk is so slow that it may be left. Raises OutputError.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        label: str = "",
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        files = [output for output in outputs if is_replaceable(output.file)]
        self._beside = [output.file for output in files[:1]]
        self._becomes = next((own.file for own in files if own.format == CAPTURE), None)
        self._label = label
        self._warn = warn
        self._is_warned = False
        self._streams_to, self._backlog, self._stream = _stream(outputs)
        self._writer: Writer | None = None
        self._begun: tuple[Plan, WireReport, float, _Taken] | None = None
        self._fault: OSError | None = None
        self._file: JournalFile | None = None

    @property
    def place(self) -> str | None:
        """The journal's file, up to where it could be written; None if there is none."""
        if self._file is None or self._file.path is None:
            return None
        return str(self._file.path)

    def begin(self, plan: Plan, wire: WireReport, started_at_unix_s: float, taken: _Taken) -> None:
        """See `paris.engine.record.Journal`."""
        self._begun = plan, wire, started_at_unix_s, taken
        if self._stream is not None:
            self._stream.begin(plan, wire, started_at_unix_s, taken)

    def sent(
        self, requests: Sequence[ProbeRequest], datagrams: Sequence[bytes], at_s: Sequence[float]
    ) -> None:
        """See `Recorder`."""
        self._begin_file()
        for writer in self._writers():
            writer.sent(requests, datagrams, at_s)

    def received(self, arrived: Sequence[Received]) -> None:
        """See `Recorder`."""
        for writer in self._writers():
            writer.received(arrived)
        self._hand_over()

    def end(self, record: RawRecord) -> None:
        """Write what no packet shows, when the measurement has ended."""
        if self._becomes is not None:
            self._begin_file()  # even if nothing was sent
        for writer in self._writers():
            writer.end(
                outcomes=record.outcomes,
                stopped=record.stopped,
                duration_s=record.ended_at_s - record.started_at_s,
                wire=record.wire,
            )
        self._hand_over()

    def found(self, trace: Trace) -> None:
        """Write what was looked up after the measurement."""
        for writer in self._writers():
            writer.found(trace.names, trace.facts, trace.tables)
        self._hand_over()

    @property
    def is_behind(self) -> bool:
        """Whether there are packets that whoever reads them has not taken yet."""
        is_read = self._stream is not None and self._stream.fault is None
        return is_read and self._backlog is not None and self._backlog.has_rest

    def drain(self) -> None:
        """Write those packets, which waits for the reader."""
        if self._stream is not None and self._backlog is not None:
            try:
                self._backlog.drain()
            except OSError as error:
                self._stream.fault = error

    def close(self, *, is_whole: bool) -> list[str]:
        """Close the journal, and remove it if all other outputs are `is_whole`.

        Returns a line for each output of packets that could not be written, or for a journal that
        stays and is not whole.
        """
        faults: list[object] = []
        if self._stream is not None and self._stream.fault is not None:
            faults.append(not_written(self._streams_to, self._stream.fault))
        if self._file is not None:
            self._close(self._file, faults, is_whole=is_whole)
        return list(map(str, faults))

    def _close(self, journal: JournalFile, faults: list[object], *, is_whole: bool) -> None:
        """Close and, if it is done, remove the file; what fails is added to `faults`."""
        is_taken = journal.finish()
        self._warn_if_homeless(journal)
        self._fault = journal.fault or (self._writer.fault if self._writer is not None else None)
        is_done = is_whole and not faults
        if self._becomes is not None:
            try:
                self._become(self._becomes, journal)
            except OutputError as fault:
                faults.append(fault)
            is_done = not faults
        if is_taken:
            journal.close()
        if is_done:
            self._file = None
            if is_taken:
                journal.remove()
            else:
                self._warn(_LEFT.format(journal.path or "the journal"))
        elif self._fault is not None and not faults and not journal.is_homeless:
            faults.append(f"the journal ends early: {self._fault.strerror}")

    def discard(self) -> None:
        """Close the journal and remove it; nothing of it is wanted."""
        self._becomes = None
        self.close(is_whole=True)

    def _become(self, output: str, journal: JournalFile) -> None:
        """Put the journal in the place of the output of packets. Raises OutputError."""
        if self._fault is not None:
            raise not_written(output, self._fault)
        if journal.path is not None:
            with suppress(OSError):  # it lies elsewhere, or `output` cannot be replaced
                put(journal.path, output)
                return
        write(output, journal.content())

    def _writers(self) -> list[Writer]:
        return [writer for writer in (self._stream, self._writer) if writer is not None]

    def _begin_file(self) -> None:
        """Begin the file, if it has not begun; it is opened later."""
        if self._begun is None:
            return
        plan, wire, at_unix_s, taken = self._begun
        self._begun = None
        from pathlib import Path  # not before the first probe has left

        from paris.formats.capture import Writer
        from paris.outputs.journal_file import JournalFile
        from paris.outputs.places import state_folders

        began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_unix_s))
        name = f"paris-trace-{began}-{os.getpid()}{self._label}.pcapng"
        beside = (Path(file).parent for file in self._beside)
        folders = (*beside, *state_folders())
        self._file = JournalFile(folders, name, or_memory=self._becomes is not None)
        self._writer = Writer(self._file)
        self._writer.begin(plan, wire, at_unix_s, taken)

    def _hand_over(self) -> None:
        if self._file is not None:
            self._file.hand_over()
            self._warn_if_homeless(self._file)

    def _warn_if_homeless(self, journal: JournalFile) -> None:
        if journal.is_homeless and not self._is_warned:
            self._is_warned = True
            self._warn(_NO_JOURNAL)


def _stream(outputs: Sequence[Output]) -> tuple[str, Backlog | None, Writer | None]:
    """The pipe or device for which packets are asked, and what writes them. Raises OutputError."""
    asked = next((own.file for own in outputs if own.format == CAPTURE), "")
    if not asked or is_replaceable(asked):
        return "", None, None
    from paris.formats.capture import Writer
    from paris.outputs.backlog import Backlog

    backlog = Backlog(open_stream(asked))
    return asked, backlog, Writer(backlog)
