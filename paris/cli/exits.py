"""How a command ends: one line per failure, and the exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from mda.errors import ParisTraceError
from paris.errors import ExitCode, OutputError, PrivilegeError, ResolveError, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.trace import Trace


def guarded(program: str, command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run `command`; every failure becomes one line on standard error and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return command(arguments)
    except ParisTraceError as error:
        complain(program, str(error))
        return _exit_code(error)
    except KeyboardInterrupt:
        complain(program, "interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:
        if os.environ.get("PARIS_TRACE_DEBUG"):
            raise
        complain(
            program,
            f"a bug, please report it: {type(error).__name__}: {error} "
            "(PARIS_TRACE_DEBUG=1 shows where)",
        )
        return ExitCode.BUG


def complain(program: str, fault: str) -> None:
    """Write a line to standard error, if the process has one."""
    if sys.stderr is not None:
        sys.stderr.write(f"{program}: {fault}\n")


def verdict(trace: Trace) -> ExitCode:
    """The exit code of a trace; see ExitCode."""
    from mda.findings.refusals import Refusal
    from mda.model import ReplyKind, StopReason

    if trace.stopped is StopReason.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if trace.stopped is StopReason.WIRE_ERROR:
        return ExitCode.LOCAL_NETWORK
    kinds = {reply.kind for reply in trace.replies if reply.responder == trace.plan.destination}
    if kinds & {ReplyKind.SYN_ACK, ReplyKind.UDP_ANSWER}:
        return ExitCode.REACHED
    refused = {refusal.how for refusal in trace.refusals}
    if Refusal.CLOSED in refused:
        return ExitCode.PORT_CLOSED
    if refused:
        return ExitCode.FILTERED
    return ExitCode.REACHED if trace.reached else ExitCode.NOT_REACHED


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
