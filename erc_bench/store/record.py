"""The record of a cell as a typed schema: the values that its readers rely on. ``format`` is its version.

A record may hold more than the schema names, and older ones lack fields that have a default here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, convert

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import RECORD_FILE, CellAddress
from erc_bench.validation import place_of

_ROUNDING = 1e-9
_LARGEST = 2**63 - 1
MUCH_UNKNOWN = 0.2
"""The share of unknown tokens from which on it is told: corpora in a tokenizer's own language have less than .01."""
_MOST = 1.7976931348623157e308

# Bounds, for JSON as Python reads it knows NaN, Infinity and integers that no float can hold.
Whole = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
Number = Annotated[float, Meta(ge=-_MOST, le=_MOST)]
Points = Annotated[float, Meta(ge=-_ROUNDING, le=100 + _ROUNDING)]
Metric = Literal["weighted_f1", "macro_f1", "accuracy", "micro_f1"]


class RecordedScores(Struct, frozen=True):
    """Scores in points; a dataset need not have them all. ``unanswered`` counts answers that are no label."""

    weighted_f1: Points | UnsetType = UNSET
    macro_f1: Points | UnsetType = UNSET
    accuracy: Points | UnsetType = UNSET
    micro_f1: Points | UnsetType = UNSET
    unanswered: Whole = 0

    def of(self, metric: str) -> float | None:
        """Return the score by the name of its metric; ``None`` where the dataset does not have it."""
        value = getattr(self, metric, UNSET)
        return None if value is UNSET else float(value)


class RecordedFloor(RecordedScores, frozen=True):
    """Scores of always giving one label."""

    label: str = ""


class RecordedSplits(Struct, frozen=True):
    """Scores on dev and on test, which ``--dev-only`` leaves out."""

    dev: RecordedScores | None = None
    test: RecordedScores | None = None


class RecordedCounts(Struct, frozen=True):
    """Size of a split."""

    dialogues: Whole | None = None
    labelled: Whole | None = None


class RecordedData(Struct, frozen=True):
    """The corpus; ``groups`` are the names of dialogues by kind and name of their group.

    ``variant_of`` is the dataset that this one is another reading of, empty where it is none, and ``public_text`` says
    where its text can be read as well.

    ``speakers`` are the positions of scored utterances by speaker and dialogue: none is stored, tables by speaker fill
    them in from the corpus.
    """

    fingerprint: str | None = None
    departures: list[str] = []
    counts: dict[str, RecordedCounts] = {}
    groups: dict[str, dict[str, list[str]]] = {}
    speakers: dict[str, dict[str, list[Whole]]] = {}
    variant_of: str = ""
    public_text: str = ""


class RecordedInputs(Struct, frozen=True):
    """Digests of components' code and versions of the core's parts."""

    code: dict[str, Any] = {}
    core: dict[str, Any] = {}


class RecordedProvenance(Struct, frozen=True):
    """Where and with what a cell was trained.

    ``system`` is what a system tells of itself; ``generates``: the backbone is a language model that writes text.
    """

    hardware: dict[str, Any] | None = None
    device: str | None = None
    precision: str | None = None
    inert_terms: list[str] = []
    training_terms: list[str] = []
    unknown_tokens: Number = 0.0
    system: dict[str, Any] = {}
    generates: bool = False


class RecordedSelection(Struct, frozen=True):
    """How the epoch was chosen."""

    rule: str | None = None


class RecordedAudit(Struct, frozen=True):
    """Scores on test after every epoch."""

    training: list[RecordedScores] = []
    readout: list[RecordedScores] = []
    chosen_from: str = ""


class RecordedUpstream(Struct, frozen=True):
    """The cell whose language model was read through; ``key`` and ``weights`` name and digest its weights."""

    method: str
    key: str
    weights: str
    train: RecordedScores
    dev: RecordedScores


class Record(Struct, frozen=True, kw_only=True):
    """Settings, inputs and scores of a cell."""

    format: Literal[1]
    method: str
    dataset: str
    backbone: str
    seed: Whole
    settings_hash: str
    labels: list[str]
    metrics: RecordedSplits
    headline_metric: Metric = "weighted_f1"
    limit: Whole | None = None
    regime: str | None = None
    degenerate: str | None = None
    dev_only: bool = False
    sees_future: bool = False
    readouts: list[str] = []
    scored_labels: list[str] = []
    settings: dict[str, Any] = {}
    settings_from: str | None = None
    choices: dict[str, str] = {}
    overrides: dict[str, Any] = {}
    inputs: RecordedInputs = RecordedInputs()
    provenance: RecordedProvenance = RecordedProvenance()
    timings: dict[str, Number] = {}
    data: RecordedData = RecordedData()
    readouts_metrics: dict[str, RecordedSplits] = {}
    floor: RecordedFloor | None = None
    selection: RecordedSelection | None = None
    audit: RecordedAudit | None = None
    upstream: RecordedUpstream | None = None


def check_record(record: Mapping[str, Any], folder: Path) -> None:
    """Raise :class:`ErcBenchError` for a value that does not fit, or a record of another cell than the folder's.

    Of several such values, the first that stands in the record is named.
    """
    try:
        typed = convert(record, Record)
    except ValueError as error:
        place = place_of(error)
        within = ", a number from 0 to 100" if place.rpartition(".")[2] in get_args(Metric) else ""
        raise ErcBenchError(f"{RECORD_FILE} has no valid {place!r}{within}") from None
    own = CellAddress(typed.dataset, typed.method, typed.backbone, typed.settings_hash, typed.seed).folder(Path())
    if own.parts != folder.parts[-5:]:
        raise ErcBenchError(f"{RECORD_FILE} is that of another cell, {own.as_posix()}")
