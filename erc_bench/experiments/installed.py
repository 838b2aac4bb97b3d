"""What is installed, as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.components import HandedOver
from erc_bench.names import did_you_mean
from erc_bench.planning.run_requests import Several
from erc_bench.plugin_host.catalogue import HOOK_OF_KIND, Entry

if TYPE_CHECKING:
    import pandas as pd


def components(kind: str | None = None, *, plugins: Several = ()) -> pd.DataFrame:
    """List what is installed, as ``erc-bench list`` does.

    Returns one row for each component, with the columns ``kind``, ``name`` (what :func:`run` calls it), ``package``
    (what brought it), ``summary``, ``source`` (its paper or origin) and ``departures`` (a tuple of sentences that say
    where it departs from that; ``None`` where it does not say).

    ``kind`` is ``dataset``, ``backbone``, ``encoder``, ``objective``, ``classifier``, ``method`` or ``observer``;
    without it all are listed. ``plugins`` adds what no package brings, as in :func:`run`.

    Raises :class:`ErcBenchError` for another kind.

    Examples:
        >>> "meld" in set(erc.components("dataset")["name"])
        True
    """
    import pandas as pd

    if kind is not None and (not isinstance(kind, str) or kind not in HOOK_OF_KIND):
        raise ErcBenchError(f"there is no kind {kind!r}; {did_you_mean(str(kind), HOOK_OF_KIND)}")
    catalogue = HandedOver(plugins).catalogue()
    rows = [
        (each, entry.name, entry.package, _summary(entry.component), entry.component.source, _departures(entry))
        for each in ([kind] if kind else HOOK_OF_KIND)
        for entry in catalogue.entries(each).values()
    ]
    return pd.DataFrame(rows, columns=["kind", "name", "package", "summary", "source", "departures"])


def _departures(entry: Entry) -> tuple[str, ...] | None:
    return getattr(entry.component, "departures", None)


def _summary(component: object) -> str:
    summary = getattr(component, "summary", "")
    return str(summary() if callable(summary) else summary)
