"""The tree of errors, and the exit codes of the command.

::

    ParisTraceError
    ├── SettingsError      an option or value that cannot be used          exit 2
    ├── TopologyError      a simulated network that cannot be built        exit 2
    ├── FormatError        a file that is not what it should be            exit 2
    ├── ResolveError       a name without an address                       exit 3
    ├── PrivilegeError     a right the system withholds                    exit 4
    ├── WireError          the local network or system refused             exit 5
    └── OutputError        an output that could not be drawn or written    exit 8
        (render.RenderError, raised in a package that may not import paris, also exits 8)

Only `paris.cli` turns errors into exit codes. A malformed packet never raises an error out of
`paris.packets.replies`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from mda.errors import ParisTraceError
from mda.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """The exit status of the command; docs/exit-codes.md says what each means."""

    REACHED = 0
    NOT_REACHED = 1
    CHANGED = 1  # what paris-render --diff found
    USAGE = 2
    NO_NAME = 3
    NO_PRIVILEGE = 4
    LOCAL_NETWORK = 5
    PORT_CLOSED = 6
    FILTERED = 7
    OUTPUT = 8
    BUG = 70
    INTERRUPTED = 130


class SettingsError(ParisTraceError, ValueError):
    """An option or value that cannot be used."""


class OneProtocolError(SettingsError):
    """A wire that sends one protocol only, where several are asked for."""


def on_one_line(text: str, most: int = 160) -> str:
    """A printable text, without its middle if it has over `most` characters.

    >>> on_one_line("0123456789" * 100, 10)
    '01234 … 56789'
    """
    line = printable(text)
    return line if len(line) <= most else f"{line[: most // 2]} … {line[-most // 2 :]}"


def lacking_extra(user: str, error: ModuleNotFoundError, extra: str) -> SettingsError:
    """What to raise where `user` (an option or function) needs a package that `extra` installs."""
    return SettingsError(
        f"{user} needs {error.name}: install that, or paris-trace with extra [{extra}]"
    )


class TopologyError(ParisTraceError):
    """A simulated network that cannot be built; the message has file, line, fault and cure."""


class FormatError(ParisTraceError):
    """A file that is not what it should be."""


class ResolveError(ParisTraceError):
    """A name without a usable address."""


class PrivilegeError(ParisTraceError):
    """The system withholds a privilege; the message names the remedy."""


class WireError(ParisTraceError):
    """The local network or system refused to send or receive.

    `sent_at_s` holds the send times of the batch's first datagrams, which left before the error.
    """

    def __init__(self, message: str, sent_at_s: Sequence[float] = ()) -> None:
        super().__init__(message)
        self.sent_at_s = tuple(sent_at_s)


class WithheldError(WireError):
    """The system refused to send one probe, and gave `reason`; others may leave.

    With `is_route` the reason may be that there is no way any more, for any probe.
    """

    def __init__(self, message: str, reason: str, *, is_route: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.is_route = is_route


class PortTakenError(WithheldError):
    """Another program has the source port of a flow."""


class OutputError(ParisTraceError):
    """An output that could not be written."""


class NobodyReadsError(OutputError):
    """Whoever read an output wants no more of it."""
