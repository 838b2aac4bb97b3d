"""Read a suite from a TOML file, strictly: what is not understood is told, all of it at once.

::

    methods = ["ce", "eacl"]           # what runs: methods × datasets × backbones × seeds
    datasets = ["meld"]
    backbones = ["minilm"]             # default: simcse
    seeds = 5                          # the default: seeds 1 to 5; or a list
    audit = true                       # record the test score of every epoch; chooses nothing
    save_representations = true        # store what the test utterances become, for erc-bench plot
    save_model = true                  # store the trained models, for erc-bench predict
    readouts = ["centroid"]            # further classifiers that read every training

    settings = ["tuned.toml"]          # the best on dev (erc-bench tune), weaker than all that stands here
    [[tuned]]                          # the same within the suite, at its end: erc-bench tune SUITE writes it

    [encoder]                          # settings: tables named after slots
    trainable = "none"

    [choices]                          # what fills a slot in place of the methods' own choice
    objective = "supcon"

    [method.eacl]                      # what holds for one method alone
    datasets = ["meld"]
    backbones = ["minilm"]
    readouts = ["nearest-anchor"]
    objective.temperature = 0.3

    [features]                         # files of vectors, beside this file, for encoders that read some
    commonsense = "commonsense.safetensors"
    meld.audio = "audio.safetensors"   # for one dataset alone

    [axes]                             # addressed like settings, with several values: a grid
    encoder.window = [0, 8]

    [[table]]                          # tables to end with; without any, that of all cells
    title = "Every class"
    per_class = true

    [[table]]                          # the words are those of the options of erc-bench compare
    methods = ["ce", "eacl"]           # methods, datasets: a part of the suite's; and readouts
    reported = ["eacl2024"]
    baseline = "ce"
    metric = "macro_f1"
    family = "table"
    audit = true
    test = "wilcoxon"
    correction = "bh"
    alpha = 0.01
    unit = "both"
    cluster = "session"
    all_pairs = true
    letters = true
    by = "slice"
    margin = 1.0
    ranks = true
    force_ranks = true
    columns = ["scripted"]
    average = true
    short_caption = true
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from erc_bench.comparison.reported_numbers import reported_numbers
from erc_bench.comparison.requested_tests import Tests
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import asked, fields_of
from erc_bench.planning.request import DEFAULT_BACKBONE
from erc_bench.planning.settings import Override
from erc_bench.planning.suites.fields import Fields
from erc_bench.planning.table_requests import CompareRequest
from erc_bench.planning.upstream import SLOT as UPSTREAM
from erc_bench.validation import load_toml, refuse


@dataclass(frozen=True)
class Axis:
    """Several values of one setting: the grid holds each. ``method`` is empty where it is for all."""

    address: str
    values: tuple[Any, ...]
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class Table(CompareRequest):
    """One table that a suite ends with; what is empty is as in the suite, or as ``compare`` has it."""

    title: str = asked("", "What stands above the table.")


@dataclass(frozen=True)
class Suite:
    """One suite. ``settings`` come weakest first; what ends in ``_of`` narrows to one method.

    ``settings_files`` are those of ``erc-bench tune``, beside the suite's file; itself, where that found something.
    """

    name: str
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    backbones: tuple[str, ...]
    seeds: tuple[int, ...]
    title: str = ""
    text: str = ""
    readouts: tuple[str, ...] = ()
    settings: tuple[Override, ...] = ()
    axes: tuple[Axis, ...] = ()
    datasets_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    backbones_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readouts_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: tuple[Table, ...] = (Table(),)
    audit: bool = False
    settings_files: tuple[str, ...] = ()
    save_representations: bool = False
    save_model: bool = False
    features: Mapping[str, str] = field(default_factory=dict)


SLOTS = (
    *("dataset", "dialogues", "backbone", "encoder", "objective", "classifier", "training", "adapters", "system"),
    "upstream",
)
CHOICES = "choices"
_SETTINGS = (CHOICES, *SLOTS)
_GRID = ("methods", "datasets", "backbones", "seeds", "readouts")
_SAVED = ("save_representations", "save_model")
_FOUND = ("format", "tuned")
"""Keys of what ``erc-bench tune`` found, which are read with its other files."""
_KEYS = (*("title", "text", *_GRID, "audit", *_SAVED, "settings", "features", "axes", "method", "table"), *_SETTINGS)
_METHOD_KEYS = ("datasets", "backbones", "readouts", *_SETTINGS)
_AXES_KEYS = ("method", *_SETTINGS)
_HOW = (
    'a setting is written as encoder.trainable = "none" above all tables, as trainable = "none" under [encoder], '
    "or under [method.NAME.encoder] for one method"
)


def read_suite(file: Path) -> Suite:
    """Return the suite; its name is that of the file.

    Raises :class:`ErcBenchError` naming the file and everything that is wrong with it.
    """
    problems: list[str] = []
    hint = "A suite is a TOML file, see docs/suites.md and benchmarks/suites."
    content = load_toml(file, "suite", hint)
    suite = _suite(file.stem, Fields(content, "", problems))
    refuse(file, list(dict.fromkeys(problems)))
    return replace(suite, settings_files=(*suite.settings_files, file.name)) if "tuned" in content else suite


def _suite(name: str, fields: Fields) -> Suite:
    fields.only((*_KEYS, *_FOUND), _misplaced(fields))
    methods, datasets = fields.required_names("methods"), fields.required_names("datasets")
    backbones = fields.names("backbones") or (DEFAULT_BACKBONE,)
    of_methods = _of_methods(fields)
    for narrowed in of_methods.values():
        narrowed.only(_METHOD_KEYS, _misplaced(narrowed))
    axes = fields.table("axes")
    axes.only(_AXES_KEYS, _misplaced(axes))
    return Suite(
        name,
        methods,
        datasets,
        backbones,
        fields.seeds("seeds"),
        fields.text("title"),
        fields.text("text"),
        fields.names("readouts"),
        tuple(
            Override(address, table.setting(key), method, f"suite {name}")
            for method, address, table, key in _set(fields)
        ),
        tuple(Axis(address, table.values(key), method) for method, address, table, key in _set(axes)),
        {method: names for method, each in of_methods.items() if (names := each.names("datasets", datasets))},
        {method: names for method, each in of_methods.items() if (names := each.names("backbones", backbones))},
        {method: names for method, each in of_methods.items() if (names := each.names("readouts"))},
        tuple(read_table(each, methods, datasets) for each in fields.tables("table")) or (Table(),),
        fields.flag("audit"),
        _settings_files(fields),
        features=_features(fields, datasets),
        **{name: fields.flag(name) for name in _SAVED},
    )


def _features(fields: Fields, datasets: Sequence[str]) -> dict[str, str]:
    """Return the files of features by ``NAME``, or by ``DATASET:NAME`` in the table of a dataset."""
    table = fields.table("features")
    files: dict[str, str] = {}
    for key in table:
        if key in datasets:
            own = table.table(key)
            files |= {f"{key}:{name}": own.text(name) for name in own}
        else:
            files[key] = table.text(key)
    return files


def _settings_files(fields: Fields) -> tuple[str, ...]:
    """Return the files of ``erc-bench tune``; of settings that stand there, say where they belong."""
    names = fields.names("settings", expected=f"a list of files of erc-bench tune; {_HOW}")
    for name in names:
        if "=" in name and not name.endswith(".toml"):
            fields.wrong("settings", f"{name!r} is no file of erc-bench tune; {_HOW}")
    return names


def _misplaced(fields: Fields) -> dict[str, str]:
    """Return what to say of keys under which somebody may have meant to change a setting."""
    return {key: _HOW for key in fields if key in ("set", "settings") or "." in key}


def _of_methods(fields: Fields) -> dict[str, Fields]:
    table = fields.table("method")
    return {method: table.table(method) for method in table}


def _set(fields: Fields) -> Iterator[tuple[str, str, Fields, str]]:
    """Yield (method, address, table, key) of every setting, what speaks to one method last."""
    for method, each in {"": fields, **_of_methods(fields)}.items():
        for slot in _SETTINGS:
            table = each.table(slot)
            for key in table:
                if slot == UPSTREAM and key in SLOTS:
                    deeper = table.table(key)
                    yield from ((method, f"{slot}.{key}.{option}", deeper, option) for option in deeper)
                else:
                    yield method, key if slot == CHOICES else f"{slot}.{key}", table, key


FIELDS = {field.name: field for field in fields_of(Table) if field.name not in ("runs", "data_dir", "plugins")}
_PER_CLASS = {
    **dict.fromkeys(("test", "correction", "unit", "cluster", "family"), "has no tests"),
    **dict.fromkeys(("all_pairs", "letters", "margin"), "has no tests"),
    "audit": "shows no selection audit",
    "metric": "has no other metric",
    "by": "has no slices",
    **dict.fromkeys(("ranks", "force_ranks"), "has no ranks"),
    "average": "has no average over datasets",
}
"""Key → what a table per class lacks."""


def read_table(fields: Fields, methods: Sequence[str], datasets: Sequence[str]) -> Table:
    """Return the table; what is wrong with it is noted in the fields."""
    fields.only(FIELDS)
    known = {"methods": methods, "datasets": datasets}
    asked = {key: fields.asked(field, known.get(key)) for key, field in FIELDS.items() if key in fields}
    for key in ("test", "cluster", "margin"):
        together = {name: asked[name] for name in (key, "unit") if name in asked}
        _check(fields, key, partial(_tests, **together))
    table = Table(**asked)
    for key, lacks in _PER_CLASS.items() if table.per_class else ():
        if getattr(table, key) != FIELDS[key].spec.default:
            fields.wrong(key, f"a table per class {lacks}")
    method = (table.baseline or "").partition("/")[0]
    if method and method not in methods:
        fields.wrong("baseline", f"the suite has no method {method!r}; {did_you_mean(method, methods)}")
    for name in table.reported:
        _check(fields, "reported", partial(reported_numbers, name))
    return table


def _tests(**asked: Any) -> Tests:
    return Table(**asked).tests


def _check(fields: Fields, key: str, make: Callable[[], object]) -> None:
    """Note under the key what is wrong with what was asked for."""
    try:
        make()
    except ErcBenchError as error:
        fields.wrong(key, error.message)
