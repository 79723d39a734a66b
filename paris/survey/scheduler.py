"""Gives the slices of a survey to the workers of a Dask scheduler. Imports distributed."""

from __future__ import annotations

import logging
import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from distributed import CancelledError, Client, KilledWorker, as_completed, get_worker

from paris.errors import SettingsError, WireError
from paris.survey.slices import Count, Slice, traced
from paris.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ADDRESS: Final = re.compile(r"(?:tcp|tls)://(?:[\w.-]+|\[[\w:.%]+\]):\d{1,5}")
_CONNECTS_S: Final = 10


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A connection to the scheduler. Raises SettingsError, or WireError if none answers."""
    if not _ADDRESS.fullmatch(address) or int(address.rpartition(":")[2]) > 0xFFFF:
        raise SettingsError(f"--scheduler {address!r}: not of the form tcp://HOST:PORT")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised, too
    try:
        client = Client(address, timeout=_CONNECTS_S, set_as_default=False)
    except (OSError, ValueError):
        raise WireError(f"no Dask scheduler answers at {address}") from None
    with client:
        yield client


def workers(client: Client) -> int:
    """How many workers the scheduler has now."""
    return len(client.scheduler_info(n_workers=-1)["workers"])


def counts(client: Client, slices: Sequence[Slice]) -> Iterator[Count]:
    """Have all slices traced; yields of each what it has, as soon as it is whole.

    A slice whose worker dies begins anew at another one. Raises what `slices.traced` raises at a
    worker, and WireError if the scheduler is lost or several workers died of a slice.
    """
    run = secrets.token_hex(8)
    futures = [
        client.submit(work, own, __version__, key=f"{own.name}-{run}", pure=False) for own in slices
    ]
    try:
        for _, count in as_completed(futures, loop=client.loop, with_results=True):
            yield count
    except KilledWorker as error:
        raise WireError(
            f"several workers died of one slice, the last at {error.last_worker.address}"
        ) from None
    except (CancelledError, OSError):
        raise WireError("the connection to the scheduler is lost") from None
    finally:
        client.cancel(futures, force=True)


def work(own: Slice, version: str) -> Count:
    """What a worker does."""
    worker = get_worker()
    if __version__ != version:
        raise SettingsError(
            f"worker {worker.address} has paris-trace {__version__}, and this is {version}"
        )
    if worker.state.nthreads != 1:
        raise SettingsError(
            f"worker {worker.address} has {worker.state.nthreads} threads, but --rate is that of "
            "one: start it with --nthreads 1"
        )
    return traced(own, str(worker.name))
