"""Draws the DOT text on standard input by Graphviz's library: `library.py FORMAT`.

It runs in another process than the command, because C code can end the process that it runs in. It
imports nothing but pygraphviz, whose wheels hold the library.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Write the picture to standard output; what goes wrong, to standard error."""
    try:
        import pygraphviz

        with pygraphviz.AGraph(string=sys.stdin.buffer.read().decode()) as graph:
            picture = graph.draw(format=sys.argv[1], prog="dot")
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
