"""What a run claims, read from its JSON and text as any other program would read them."""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paris.cli.trace import main
from tests.truth.oracle import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.truth.networks import Net

Json = dict[str, Any]
_REACHED = re.compile(r"^reached in (\d+)(?: to (\d+))? hops?\b", re.MULTILINE)


@dataclass(frozen=True)
class Claims:
    """The outputs of a run: the JSON document of a protocol, the text, and the exit code."""

    document: Json
    text: str
    exit_code: int

    @property
    def seen(self) -> dict[str, Seen]:
        """Each vertex by its identifier."""
        return {
            vertex["id"]: Seen(vertex["ttl"], vertex["address"])
            for vertex in self.document["graph"]["vertices"]
        }

    def edges(self) -> Iterator[tuple[str, str, list[int]]]:
        """Each edge: the identifiers of its ends, and the flows listed as its proof."""
        for edge in self.document["graph"]["edges"]:
            yield edge["from"], edge["to"], edge["flows"]

    @property
    def reached_in(self) -> tuple[int, int] | None:
        """The hops in which the text says the destination is reached, nearest and farthest."""
        found = _REACHED.search(" ".join(self.text.split("\n  ")))
        return None if found is None else (int(found[1]), int(found[2] or found[1]))

    @property
    def assumes_no_hidden_hop(self) -> bool:
        """Whether the text says that a hop before the destination may hide."""
        return "no hidden hop before the destination" in " ".join(self.text.split())


def command(net: Net, file: Path, seed: int) -> list[str]:
    """The arguments of `paris-trace` that trace the network in `file`."""
    return ["--sim", str(file), "--seed", str(seed), *net.options]


def run(net: Net, folder: Path, seed: int) -> Claims:
    """The claims of a run that traces the network by one protocol; see `run_all`."""
    (claims,) = run_all(net, folder, seed)
    return claims


def run_all(net: Net, folder: Path, seed: int) -> list[Claims]:
    """Trace the network in this process, and return the claims of each protocol.

    Files are written to `folder`.
    """
    file = folder / "net.yaml"
    file.write_text(net.yaml(), encoding="utf-8")
    written = folder / "out.json"
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = main([*command(net, file, seed), "-o", str(written)])
    out.seek(0)
    text, document = out.read(), json.loads(written.read_text(encoding="utf-8"))
    documents = [view["trace"] for view in document.get("views", [])] or [document]
    return [Claims(own, text, exit_code) for own in documents]
