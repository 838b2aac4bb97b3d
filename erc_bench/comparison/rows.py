"""The rows of a comparison: their order and labels, notes on them, and the row that each is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

from erc_bench.comparison.comparison_data import Column, TableRow
from erc_bench.comparison.outcomes import ColumnEntry
from erc_bench.comparison.row_key import FREEZING, NO_BACKBONE, RowKey
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.store.reading import StoredCell
from erc_bench.store.record import MUCH_UNKNOWN

_NO_UPSTREAM, _NO_TRAINING = FREEZING


def ordered(keys: Iterable[RowKey], methods: Sequence[str], baseline: str) -> list[RowKey]:
    """Order rows as their methods were named, else the baseline first and the others by name."""
    place = {method: position for position, method in enumerate(methods)}

    def order(key: RowKey) -> tuple[object, ...]:
        first = place.get(key.method, -1 if key.method == baseline else len(place))
        return first, key.method, key.backbone, len(key.overrides), key.overrides, key.variant, key.readout

    return sorted(set(keys), key=order)


def common_backbone(keys: Iterable[RowKey]) -> str:
    """Return the backbone that all rows with a backbone share, else ``""``."""
    names = {key.backbone for key in keys if key.backbone != NO_BACKBONE}
    return names.pop() if len(names) == 1 else ""


def common_overrides(keys: Iterable[RowKey]) -> dict[str, str]:
    """Return the overrides that all rows with a backbone share: the caption says them once.

    Not that they do without their upstream: each label says so, for a name stands for the published system.
    """
    having = [key for key in keys if key.backbone != NO_BACKBONE]
    shared = set.intersection(*(set(key.overrides) for key in having)) if having else set()
    marked = {_NO_UPSTREAM} if all(key.frozen for key in having) else set()
    return dict(sorted(shared - marked))


def label_rows(keys: Sequence[RowKey], sees_future: Mapping[RowKey, bool]) -> tuple[TableRow, ...]:
    """Label the rows: the method, and of backbone and overrides only those that the rows do not share."""
    backbone, overrides = common_backbone(keys), common_overrides(keys)
    rows = []
    for key in keys:
        frozen = key.frozen and (_NO_UPSTREAM in key.overrides or _NO_TRAINING not in overrides.items())
        label = _label(key, backbone, overrides, frozen)
        rows.append(TableRow(key, label, sees_future.get(key, False), frozen=frozen))
    return tuple(rows)


def renamed(rows: Sequence[TableRow], asked: Sequence[str]) -> tuple[TableRow, ...]:
    """Give methods the names that they were asked to have, each as ``METHOD=WORDS``.

    Raises :class:`ErcBenchError` for another form, for a method that has no row, and where two rows would be called
    alike.
    """
    if not asked:
        return tuple(rows)
    names: dict[str, str] = {}
    methods = list(dict.fromkeys(row.key.method for row in rows))
    for text in asked:
        method, equals, words = (part.strip() for part in text.partition("="))
        if not equals or not words:
            raise ErcBenchError(f"{OptionName('names')} {text!r} is not of the form METHOD=WORDS")
        if method not in methods:
            said = f"{OptionName('names'):{method}=…}: no row is of this method"
            raise ErcBenchError(f"{said}; {did_you_mean(method, methods)}")
        names[method] = words
    found = tuple(replace(row, label=_called(row, names)) for row in rows)
    if alike := [label for label, count in Counter(row.label for row in found).items() if count > 1]:
        raise ErcBenchError(f"two rows would be called {alike[0]!r}", f"Give each its own {OptionName('names')}.")
    return found


def _called(row: TableRow, names: Mapping[str, str]) -> str:
    method = row.key.method
    return names[method] + row.label.removeprefix(method) if method in names else row.label


def _label(key: RowKey, backbone: str, overrides: Mapping[str, str], frozen: bool) -> str:
    parts = [f"{key.method} (frozen)" if frozen else key.method]
    if key.backbone not in (backbone, NO_BACKBONE):
        parts.append(key.backbone)
    # The mark says in the settings' stead what they do.
    told = [item for item in key.overrides if not frozen or item not in FREEZING]
    parts += [f"{address}={value}" for address, value in told if overrides.get(address) != value]
    parts += [f"{address}={value}" for address, value in key.variant]
    if key.readout:
        parts.append(f"read by {key.readout}")
    return " · ".join(parts)


def lettered(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """Give each row a letter: a to z, then aa, ab and so on."""
    return tuple(replace(row, letter=_letter(number)) for number, row in enumerate(rows))


def _letter(number: int) -> str:
    further, position = divmod(number, len(ascii_lowercase))
    return (_letter(further - 1) if further else "") + ascii_lowercase[position]


def inert_terms(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
    """Return a note on the rows some of whose loss terms train nothing, as with a frozen backbone.

    Methods of which the same is to be said share a note.
    """
    inert: dict[str, set[str]] = {}
    training: dict[str, set[str]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            facts = outcome.cell.typed.provenance
            inert.setdefault(entry.key.method, set()).update(facts.inert_terms)
            training.setdefault(entry.key.method, set()).update(facts.training_terms)
    sentences = []
    for some_train in (True, False):
        alike = {name: terms for name, terms in inert.items() if terms and bool(training[name]) is some_train}
        sentences += [f"{dataset}: {_sentence(alike, some_train)}"] if alike else []
    return sentences


def _sentence(inert: Mapping[str, set[str]], some_train: bool) -> str:
    named = {method: f"({', '.join(sorted(terms))})" for method, terms in sorted(inert.items())}
    if len(named) == 1:
        ((method, terms),) = named.items()
        what = "it is trained by its other terms alone" if some_train else f"the method {_NOTHING}"
        return f"{method} has loss terms that reach no parameter {terms}: with this encoder {what}"
    *first, last = (f"{method} {terms}" for method, terms in named.items())
    what = "they are trained by their other terms alone" if some_train else f"each {_NOTHING}"
    return f"{', '.join(first)} and {last} have loss terms that reach no parameter: with this encoder {what}"


_NOTHING = "trains nothing, and the row is what its classifier makes of untouched representations"


def unknown_tokens(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
    """Return a note on the backbones whose tokenizer does not know much of what is said."""
    shares: dict[str, float] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            record = outcome.cell.typed
            if record.provenance.unknown_tokens >= MUCH_UNKNOWN:
                shares[record.backbone] = max(shares.get(record.backbone, 0.0), record.provenance.unknown_tokens)
    return [
        f"{dataset}: {100 * share:.0f} % of the tokens of its texts are unknown to {backbone}, which reads one sign in"
        " the place of each: a backbone that knows the language would read them"
        for backbone, share in sorted(shares.items())
    ]


def departures(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
    """Return a note where the corpus that the cells of one column read is not the published one."""
    told: dict[str, dict[str, None]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            data = outcome.cell.typed.data
            told.setdefault(data.fingerprint or "", {}).update(dict.fromkeys(data.departures))
    return [
        f"{dataset}: data {fingerprint[:8]} is not the published corpus: {'; '.join(lines)}"
        for fingerprint, lines in told.items()
        if lines
    ]


def said_once(notes: Iterable[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Join notes that are the same behind the name of their dataset; the others stay as they are, once.

    ``meld: ce failed`` and ``talk: ce failed`` become ``meld, talk: ce failed``, where the first stood.
    """
    known = {name for column in columns for name in (column.dataset, column.title)}
    datasets: dict[tuple[str, bool], list[str]] = {}
    for note in notes:
        dataset, _, sentence = note.partition(": ")
        is_of_dataset = dataset in known and bool(sentence)
        found = datasets.setdefault((sentence if is_of_dataset else note, is_of_dataset), [])
        found += [dataset] if is_of_dataset and dataset not in found else []
    return tuple(": ".join(filter(None, (", ".join(names), sentence))) for (sentence, _), names in datasets.items())


PREFERRED = ("ce", "supcon")


@dataclass(frozen=True)
class Baseline:
    """The method, and where it was named the backbone, that others are compared with."""

    method: str
    backbone: str | None = None

    def __str__(self) -> str:
        return self.method if self.backbone is None else f"{self.method}/{self.backbone}"


def parse_baseline(name: str, cells: Collection[StoredCell]) -> Baseline:
    """Read ``method`` or ``method/backbone``.

    Raises :class:`ErcBenchError` when no run of it is stored.
    """
    method, slash, backbone = name.partition("/")
    backbones = {cell.typed.backbone for cell in cells if cell.method == method and cell.status == "done"}
    if not backbones:
        methods = {cell.method for cell in cells if cell.status == "done"}
        raise ErcBenchError(f"no finished run of the baseline {method!r} is stored; {did_you_mean(method, methods)}")
    if slash and backbone not in backbones:
        raise ErcBenchError(f"{method} was not run with the backbone {backbone!r}; {did_you_mean(backbone, backbones)}")
    return Baseline(method, backbone if slash else None)


def default_baseline(methods: Sequence[str]) -> Baseline:
    """Return the field's usual baseline: ``ce``, else ``supcon``, else the first method."""
    return Baseline(next((name for name in PREFERRED if name in methods), methods[0]))


def partners(keys: Sequence[RowKey], baseline: Baseline) -> dict[int, int]:
    """Map each row (by position) to the row of the baseline that it is compared with.

    A row meets the baseline's row of its own backbone, fine-tuned or not as its own, whose overrides are nearest, so
    that a difference speaks of the method; rows of other backbones meet only where the baseline's backbone was named.
    Further rows of the baseline method that are nobody's partner (an ablation) meet the nearest of its rows that lack
    a part of their overrides and have no others, else its plainest one.
    """
    method, backbone = baseline.method, baseline.backbone
    base = [i for i, key in enumerate(keys) if key.method == method and backbone in (None, key.backbone)]
    chosen: dict[int, int] = {}
    for i, key in enumerate(keys):
        candidates = [j for j in base if backbone is not None or _same_backbone(key, keys[j], keys, base)]
        if i not in base and candidates:
            chosen[i] = min(candidates, key=lambda j: _distance(key, keys[j]))
    taken = set(chosen.values())
    for i in base:
        alike = [j for j in base if keys[j].backbone == keys[i].backbone]
        plainest = min(alike, key=lambda j: _plainness(keys[j]))
        if i != plainest and i not in taken:
            plainer = [j for j in alike if set(keys[j].overrides) < set(keys[i].overrides)]
            chosen[i] = min(plainer, key=lambda j: _distance(keys[i], keys[j]), default=plainest)
    return dict(sorted(chosen.items()))


def all_pairs(keys: Sequence[RowKey], baseline: Baseline) -> list[tuple[int, int]]:
    """Return each two rows once: (the later one, the earlier one), first those of :func:`partners` as they are.

    Rows of other backbones meet only where the baseline's backbone was named.
    """
    named = list(partners(keys, baseline).items())
    met = {frozenset(pair) for pair in named}
    further = [
        (i, j)
        for i, key in enumerate(keys)
        for j in range(i)
        if {i, j} not in met and (baseline.backbone or len({key.backbone, keys[j].backbone} - {NO_BACKBONE}) < 2)
    ]
    return [*named, *further]


def _same_backbone(key: RowKey, other: RowKey, keys: Sequence[RowKey], base: Sequence[int]) -> bool:
    # A system without a backbone meets the others as long as it is clear whom.
    if NO_BACKBONE in (key.backbone, other.backbone):
        return len({keys[j].backbone for j in base}) == 1
    return key.backbone == other.backbone


def _distance(key: RowKey, other: RowKey) -> tuple[int, ...]:
    differing = set(key.overrides) ^ set(other.overrides)
    readout, variant = int(key.readout != other.readout), len(set(key.variant) ^ set(other.variant))
    return int(key.tuned != other.tuned), len(differing), readout, variant


def _plainness(key: RowKey) -> tuple[int, ...]:
    return len(key.overrides), int(bool(key.readout)), len(key.variant)
