"""Turns the SVG on standard input into PNG or PDF by CairoSVG: `cairo.py FORMAT SCALE`.

It runs in another process than the command, and imports nothing of it.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Write the picture to standard output; what goes wrong, to standard error."""
    try:
        import cairosvg

        write = {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[sys.argv[1]]
        picture = write(bytestring=sys.stdin.buffer.read(), scale=float(sys.argv[2]))
    except (ImportError, OSError, ValueError, MemoryError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
