"""The statements that are still wrong: by class and rule, the measured share of wrong networks.

The names of rules are those of `rules` and `chances`. Whoever mends a fault removes its row. The
long run (`python -m benchmarks.truth`) fails if a row does not show any more, or if another fault
does.
"""

from __future__ import annotations

from typing import Final

KNOWN_FAULTS: Final[dict[tuple[str, str], float]] = {}
