"""Packets of real kernels, captured, each beside its dissection: tests/data/replies."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "data" / "replies"
REPLIES = {path.stem: bytes.fromhex(path.read_text()) for path in sorted(_FOLDER.glob("*.hex"))}
