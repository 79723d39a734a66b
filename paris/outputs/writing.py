"""Writes a trace, or what several make, to all outputs: data first, then pictures."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from mda.errors import ParisTraceError
from mda.loading import load
from paris.engine.stopping import SkippedError, never
from paris.errors import OutputError
from paris.outputs.columns import terminal_width
from paris.outputs.files import STANDARD_OUTPUT, is_replaceable, named, write
from paris.outputs.registry import CAPTURE, FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.trace import Trace
    from paris.engine.stopping import Skipping
    from paris.formats.look import Look
    from paris.outputs.files import Output, OutputOptions
    from paris.outputs.registry import Subject

_WIDTH: Final = 80


def write_all(
    found: Trace | Comparison | Difference | Merged,
    subject: Subject,
    outputs: tuple[Output, ...],
    options: OutputOptions,
    say: Callable[[str], None],
    skipping: Skipping = never,
) -> list[ParisTraceError]:
    """Write what was found, a `subject`, to every output except packets.

    Says a line for each that has no place for something. Returns an error for each that failed.
    """
    if options.redact:
        from mda.merging import Merged  # few outputs need these
        from paris.redaction import redacted

        if not isinstance(found, Merged):  # a usage error keeps these apart
            found = redacted(found)
    rows = {row.suffix: row for row in FORMATS}
    faults: list[ParisTraceError] = []
    for output in outputs:
        row = rows[output.format]
        if row.suffix == CAPTURE:
            continue
        try:
            with skipping() if row.is_slow else nullcontext():
                content = load(row.writer(subject))(found, _look(output, options))
            # Whoever reads a pipe may be slow as well.
            with nullcontext() if is_replaceable(output.file) else skipping(is_slow=False):
                write(output.file, content.encode() if isinstance(content, str) else content)
            if row.lacks and (lacking := load(row.lacks)(found)):
                say(f"{named(output.file)} has no place for: {'; '.join(lacking)}")
        except ParisTraceError as error:
            faults.append(error)
        except SkippedError:
            faults.append(OutputError(f"interrupted: {named(output.file)} is not written"))
    return faults


def _look(output: Output, options: OutputOptions) -> Look:
    from paris.formats.look import Look  # not before the first probe

    to_terminal = output.file == STANDARD_OUTPUT
    return Look(
        format=output.format,
        color=to_terminal and _use_color(options.color, sys.stdout),
        ascii=options.ascii or (to_terminal and not _is_unicode(sys.stdout)),
        width=terminal_width(most=_WIDTH) if to_terminal else _WIDTH,
        plain=options.plain,
        fold=options.fold,
        size=options.size,
    )


def _use_color(wish: str, stream: TextIO) -> bool:
    """Whether to use colour: as the user wishes; by default on a terminal, unless NO_COLOR is set.

    See no-color.org.
    """
    if wish != "auto":
        return wish == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def _is_unicode(stream: TextIO) -> bool:
    """Whether more than ASCII can be shown, by the encoding, the locale and the terminal.

    In the locale C Python writes UTF-8 all the same, which its user did not ask for, and may set
    LC_CTYPE to that (PEP 538, 540).
    """
    told = os.environ.get("LC_CTYPE")
    kind = told if told != "C.UTF-8" else None
    locale = os.environ.get("LC_ALL") or kind or os.environ.get("LANG")
    is_plain = locale in ("C", "POSIX") or os.environ.get("TERM") == "dumb"
    return not is_plain and (stream.encoding or "").lower().replace("-", "") == "utf8"
