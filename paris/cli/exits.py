"""How a command ends: one line per failure, and the exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from mda.errors import ParisTraceError
from paris.cli import signals
from paris.errors import (
    ExitCode,
    OutputError,
    PrivilegeError,
    ResolveError,
    WireError,
    on_one_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.trace import Trace

_MOST_SHOWN: Final = 600  # characters of a fault: a user's words may be of any length
# By the names of verdicts; the others are "not reached".
_CODES: Final = {
    "OPEN": "REACHED",
    "PROXY": "REACHED",
    "CLOSED": "PORT_CLOSED",
    "FILTERED": "FILTERED",
    "MIDDLEBOX": "FILTERED",
    "PARTLY": "FILTERED",
    "LOCAL": "LOCAL_NETWORK",
}
# What a trace says of the network is a result, not a failure.
_OF_THE_NETWORK: Final = (ExitCode.NOT_REACHED, ExitCode.PORT_CLOSED, ExitCode.FILTERED)
# A limit of the system or of its administrator is met.
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


def ended(program: str, command: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run `command` with this process's arguments, and exit as it says, whatever signals come."""
    exit_code: int = ExitCode.INTERRUPTED
    try:
        with suppress(KeyboardInterrupt):  # one more signal, while the last one is heeded
            exit_code = guarded(program, command, sys.argv[1:])
    finally:
        # Python looks through all objects for garbage before it ends. The system frees them anyway.
        gc.freeze()
    signals.leave()
    if exit_code == ExitCode.INTERRUPTED:
        # `python -m` ends itself by SIGINT if that once interrupted a text that it ran, although it
        # was handled. Dataclasses and named tuples run texts when they are defined.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(exit_code)
    sys.exit(exit_code)


def guarded(program: str, command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run `command`; every failure becomes one line on standard error and an exit code."""
    signals.listen(lambda: _end_at_once(program))
    try:
        return command(arguments)
    except ParisTraceError as error:
        complain(program, str(error))
        return _exit_code(error)
    except KeyboardInterrupt:
        complain(program, "interrupted")
        return ExitCode.INTERRUPTED
    except MemoryError:
        complain(program, "this system gives no more memory")
        return ExitCode.LOCAL_NETWORK
    except ImportError as error:
        complain(program, f"a part of the program cannot be loaded: {error}")
        return ExitCode.LOCAL_NETWORK
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            complain(program, f"this system gives no more: {error.strerror}")
            return ExitCode.LOCAL_NETWORK
        if os.environ.get("PARIS_TRACE_DEBUG"):
            raise
        complain(
            program,
            f"a bug, please report it: {type(error).__name__}: {error} "
            "(PARIS_TRACE_DEBUG=1 shows where)",
        )
        return ExitCode.BUG


def _end_at_once(program: str) -> NoReturn:
    complain(program, "interrupted")
    os._exit(ExitCode.INTERRUPTED)


def complain(program: str, fault: str) -> None:
    """Write a line to standard error, if the process has one that can be written."""
    explain(f"{program}: {on_one_line(fault, _MOST_SHOWN)}\n")


def explain(text: str) -> None:
    """Write a text to standard error, if the process has one that can be written."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        # Python writes again at exit what could not be written, and would end with its own code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def verdict(trace: Trace) -> ExitCode:
    """The exit code of a trace; see ExitCode."""
    from mda.model import ReplyKind, StopReason

    if trace.stopped is StopReason.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if trace.stopped is StopReason.WIRE_ERROR:
        return ExitCode.LOCAL_NETWORK
    if trace.plan.probing.is_to_service:
        from mda.service.verdict import verdict as of_service  # most traces go to no service

        found = of_service(trace)
        if found is not None:
            return ExitCode[_CODES.get(found.word.name, "NOT_REACHED")]
    is_served = any(reply.kind is ReplyKind.UDP_ANSWER for reply in trace.replies)
    if trace.refusals and not is_served:
        return ExitCode.FILTERED
    return ExitCode.REACHED if trace.reached else ExitCode.NOT_REACHED


def excused(exit_code: ExitCode) -> ExitCode:
    """The exit code for whoever wants 0 of a trace, whatever it says of the network."""
    return ExitCode.REACHED if exit_code in _OF_THE_NETWORK else exit_code


def _exit_code(error: ParisTraceError) -> ExitCode:
    match error:
        case ResolveError():
            return ExitCode.NO_NAME
        case PrivilegeError():
            return ExitCode.NO_PRIVILEGE
        case WireError():
            return ExitCode.LOCAL_NETWORK
        case OutputError():
            return ExitCode.OUTPUT
        case _:
            return ExitCode.USAGE
