"""The connection to a cluster."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.ray.options import RayOptions
from erc_bench.store.reading import one_line

_SECONDS = 10.0
"""How long a head may take to answer."""


def check_ray() -> None:
    """Raise :class:`ErcBenchError` where Ray is not installed."""
    if find_spec("ray") is None:
        raise ErcBenchError("the executor ray needs Ray, which is not installed", "pip install 'erc-bench[ray]'")


def nodes() -> list[dict[str, float]]:
    """Return what each node that is alive has, by Ray's names of resources."""
    import ray

    found: Any = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in found if node["Alive"]]


def _check_answers(address: str | None) -> None:
    """Raise :class:`ErcBenchError` where nobody answers at HOST:PORT; Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
    except OSError as error:
        raise ErcBenchError(
            f"there is no Ray cluster to connect to: {address} does not answer ({error})",
            "Start one (ray start --head), or leave the option address.",
        ) from None


@contextmanager
def connected(options: RayOptions) -> Iterator[None]:
    """Connect to a cluster, or start one on this machine; raise :class:`ErcBenchError` where neither can be."""
    # Ray would report to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ours = not ray.is_initialized()
    if ours:
        _check_answers(options.address)
        address = options.address or os.environ.get("RAY_ADDRESS") or "local"
        # Ray would take over the signal that ends this process.
        ends = signal.getsignal(signal.SIGTERM)
        local: Any = {"include_dashboard": False} if address == "local" else {}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ErcBenchError(
                f"there is no Ray cluster to connect to: {one_line(error)}",
                "Start one (ray start --head), or leave the option address.",
            ) from None
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, ends)
    try:
        options.check(nodes())
        yield
    finally:
        if ours:
            ray.shutdown()
