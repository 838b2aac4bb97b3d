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

    [encoder]                          # settings: tables named after slots
    trainable = "none"

    [choices]                          # what fills a slot in place of the methods' own choice
    objective = "supcon"

    [method.eacl]                      # what holds for one method alone
    datasets = ["meld"]
    backbones = ["minilm"]
    readouts = ["nearest-anchor"]
    objective.temperature = 0.3

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
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from erc_bench.planning.request import DEFAULT_BACKBONE
from erc_bench.planning.settings import Override
from erc_bench.planning.suites.fields import Fields
from erc_bench.planning.suites.model import Axis, Suite, Table
from erc_bench.planning.suites.table import read_table
from erc_bench.validation import load_toml, refuse

SLOTS = ("dataset", "backbone", "encoder", "objective", "classifier", "training", "system")
CHOICES = "choices"
_SETTINGS = (CHOICES, *SLOTS)
_GRID = ("methods", "datasets", "backbones", "seeds", "readouts")
_SAVED = ("save_representations", "save_model")
_KEYS = ("title", "text", *_GRID, "audit", *_SAVED, "settings", "axes", "method", "table", *_SETTINGS)
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
    suite = _suite(file.stem, Fields(load_toml(file, "suite", hint), "", problems))
    refuse(file, list(dict.fromkeys(problems)))
    return suite


def _suite(name: str, fields: Fields) -> Suite:
    fields.only(_KEYS, _misplaced(fields))
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
        *(fields.flag(name) for name in _SAVED),
    )


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
                yield method, key if slot == CHOICES else f"{slot}.{key}", table, key
