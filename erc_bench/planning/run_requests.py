"""What may be asked of a grid of cells: one request for each command and function, each declared once.

Everything here is light to import: ``--help`` reads it, and suites do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from operator import index
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.asked import Asked, StrPath, asked

if TYPE_CHECKING:
    from erc_bench.contracts.component import Component
    from erc_bench.contracts.method import Method
    from erc_bench.plugin_host.plugin_files import PluginFile

    Handed: TypeAlias = StrPath | type[Component] | Method | ModuleType | PluginFile
    Several: TypeAlias = Handed | Sequence[Handed]
    Settings: TypeAlias = Mapping[str, Any] | Sequence[str]
    Files: TypeAlias = StrPath | Sequence[StrPath]
    FeatureFiles: TypeAlias = Mapping[str, StrPath] | Sequence[str]
else:
    # What the command line and a suite can say of these is a text; the rest is read where it is used.
    Files = Union[str, Path, Any]  # noqa: UP007
    Several = Settings = FeatureFiles = Union[str, Any]  # noqa: UP007

_BACKBONE = "A backbone by name, a Hugging Face id or a local folder; may be repeated."
_SEND_TEXT = "Let methods that ask an endpoint (llm-api) send the text of dialogues there: nothing leaves without it."
_SETTING = "[METHOD:]SLOT.OPTION=VALUE"
_FEATURE = "A file of vectors that an encoder reads (erc-bench features import writes it); may be repeated."
_FEATURE_FILE = "[DATASET:]NAME=FILE"
PLUGIN = "A Python file with components that are not installed: its code runs. May be repeated."
Overwrite = Literal["missing", "failed", "stale", "always"]
Where = Literal["auto", "here", "processes", "slurm", "ray"]
Seeds = str | int | Iterable[int]
"""``5`` for seeds 1 to 5, several seeds, or a text: ``5``, ``1,3,7``, ``1-5``."""


@dataclass(frozen=True, kw_only=True)
class GridRequest(Asked):
    """How cells are run, whichever they are."""

    settings: Settings = asked((), "Change a setting.", several=True, metavar=_SETTING)
    settings_files: Files = asked(
        (),
        "A file of erc-bench tune with the best settings on dev; may be repeated. What is set by hand is stronger.",
        several=True,
        metavar="FILE",
    )
    features: FeatureFiles = asked((), _FEATURE, several=True, metavar=_FEATURE_FILE)
    limit: int | None = asked(None, "Keep the first N dialogues of each split (a partial cell).", at_least=1)
    runs: StrPath = asked("runs", "Results.")
    data_dir: StrPath | None = asked(None, "Corpora. Default: $ERC_BENCH_DATA, else a cache.")
    device: str = asked("auto", "auto, cpu, cuda, mps, or several: cuda:0,cuda:1.")
    jobs: int | None = asked(
        None,
        "Processes that run cells side by side, one core each on a CPU; left out: one here, and with slurm and ray as"
        " many cells at a time as there is room for.",
        at_least=1,
    )
    executor: Where = asked("auto", "Where cells run; auto: here, in as many processes as --jobs says.")
    executor_options: Settings = asked(
        (),
        "What cells ask for of slurm (partition=gpu) or ray (gpus=0.5); may be repeated.",
        several=True,
        metavar="NAME=VALUE",
    )
    detach: bool = asked(False, "Hand all cells to slurm and end; erc-bench status says how far they are.")
    micro_batch: int | None = asked(
        None,
        "Train with N examples of a batch in memory at once, with the gradients of the whole batch: no setting,"
        " but memory, for a second forward pass. A GPU that runs out of memory comes to it by itself.",
        metavar="N",
        at_least=1,
    )
    overwrite: Overwrite = asked("missing", "Which cells run; each choice includes the ones before it.")
    audit: bool = asked(False, "Also record the test score of every epoch, to show what test selection is worth.")
    save_representations: bool = asked(
        False, "Also store the representations of the test utterances, for erc-bench plot representations."
    )
    save_model: bool = asked(
        False,
        "Also save each cell's trained model with its language model (MiniLM 91 MB, SimCSE 1.4 GB), for predict.",
    )
    send_text: bool = asked(False, _SEND_TEXT)
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")
    observers: Several = asked(
        (),
        "Tell an observer of every run and epoch, for example tensorboard. Changes no result; may be repeated.",
        several=True,
        metavar="NAME[:OPTION=VALUE]",
    )


@dataclass(frozen=True)
class RunRequest(GridRequest):
    """What ``erc-bench run`` and ``run`` of Python take."""

    methods: Several = asked(description="A method; may be repeated, or several with commas between.", several=True)
    datasets: Several = asked(description="A dataset; may be repeated, or several with commas between.", several=True)
    backbones: Several = asked("simcse", _BACKBONE, several=True, usual="simcse")
    seeds: Seeds = asked(5, "A number n (seeds 1 to n), a range such as 1-5 or a list such as 1,3,7.")
    _: KW_ONLY
    readouts: Several = asked(
        (),
        "A further classifier that reads the same training; a finished cell without it is trained again.",
        several=True,
    )
    baseline: str | None = asked(None, "The method (or METHOD/BACKBONE) that the others are tested against.")
    dev_only: bool = asked(False, "Never score the test split.")
    progress: bool = asked(True, "Print a line for each cell.")


@dataclass(frozen=True)
class SweepRequest(GridRequest):
    """What ``erc-bench sweep`` takes."""

    suite: StrPath = asked(description="A TOML file with the grid and its tables.")
    seeds: Seeds | None = asked(
        None, "Seeds in place of the suite's: a number n (seeds 1 to n), a range such as 1-5 or a list such as 1,3,7."
    )


@dataclass(frozen=True, kw_only=True)
class TuneRequest(Asked):
    """What ``erc-bench tune`` takes."""

    suite: StrPath | None = asked(
        None, "A suite, by file or by its name in benchmarks/suites: all its rows are searched, in place of --method."
    )
    methods: Sequence[str] = asked((), "A method; may be repeated, or several with commas between.", several=True)
    datasets: Sequence[str] = asked((), "A dataset; may be repeated, or several with commas between.", several=True)
    backbones: Sequence[str] = asked((), _BACKBONE, several=True, usual="simcse")
    trials: int = asked(
        20, "Trials for each method, dataset and backbone; the first has the method's own settings.", at_least=1
    )
    seeds: str = asked(
        "101,102", "Seeds that every trial trains with: a number n (101 to 100 + n), a range or a list above 100."
    )
    settings: Sequence[str] = asked((), "Fix a setting for all trials.", several=True, metavar=_SETTING)
    features: Sequence[str] = asked((), _FEATURE, several=True, metavar=_FEATURE_FILE)
    space: StrPath | None = asked(
        None, "A TOML file with the values to try in place of the methods' own.", metavar="FILE"
    )
    study: StrPath = asked("tuning", "Where the search lies, or goes on.", metavar="DIRECTORY")
    output: StrPath | None = asked(
        None, "Where the best settings go. Default: tuned.toml in the study's folder.", metavar="FILE"
    )
    sampler_seed: int = asked(0, "Seed of what is tried.", at_least=0)
    limit: int | None = asked(None, "Keep the first N dialogues of each split.", at_least=1)
    data_dir: StrPath | None = asked(None, "Corpora. Default: $ERC_BENCH_DATA, else a cache.", metavar="DIRECTORY")
    device: str = asked("auto", "auto, cpu, cuda, cuda:1, mps.")
    send_text: bool = asked(False, _SEND_TEXT)
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


@dataclass(frozen=True, kw_only=True)
class PredictRequest(Asked):
    """What ``erc-bench predict`` takes beside the model and the conversations."""

    input_format: Literal["json", "jsonl", "csv", "tsv", "parquet", "text", "subtitles"] | None = asked(
        None, "Format of FILE.", usual="by its ending and, without a known one or for .txt, by its content"
    )
    dialogue_columns: Sequence[str] = asked(
        (),
        "A column or field that identifies the dialogue; several, repeated or with commas between, do together."
        " none: all is one dialogue.",
        several=True,
        metavar="NAME",
    )
    speaker_column: str | None = asked(None, "The column or field with the speaker.", metavar="NAME")
    text_column: str | None = asked(None, "The column or field with what is said.", metavar="NAME")
    utterance_column: str | None = asked(
        None,
        "The column or field that numbers the utterances of a dialogue. none: they stand in their order.",
        metavar="NAME",
    )
    form: Literal["table", "json", "jsonl", "csv", "tsv", "text", "xlsx"] | None = asked(
        None,
        "A table, or FILE with emotion and scores added.",
        usual="table; with --output the format of its ending",
    )
    output: StrPath | None = asked(None, 'Write to this file, or to standard output for "-".', metavar="FILE")
    readout: str | None = asked(None, "Answer by this further classifier that read the training.")
    features: FeatureFiles = asked(
        (),
        "A file of vectors that the model reads, with one for every turn of FILE under test/DIALOGUE/INDEX; may be"
        " repeated.",
        several=True,
        metavar=_FEATURE_FILE,
    )
    device: str = asked("auto", "auto, cpu, cuda or mps.")
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


MOST_SEEDS = 1000
_REPORTED = 100
"""The last seed that a search keeps off, so that ``run --seeds 5`` never reports one that it chose by."""


def seeds_of(asked: Seeds) -> tuple[int, ...]:
    """Return seeds 1 to n for a number n, and several seeds as they are.

    Raises :class:`ErcBenchError` for anything else.
    """
    said = f"{OptionName('seeds'):{asked!r}}"
    alone = asked.strip().isdecimal() if isinstance(asked, str) else not isinstance(asked, Iterable)
    numbers = _numbers(asked)
    wrong = not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers) or isinstance(asked, bool)
    if wrong or (alone and numbers[0] < 1):
        raise ErcBenchError(f"{said} is neither a number of seeds nor a list of different seeds such as 1,3,7")
    if len(numbers) > MOST_SEEDS or (alone and numbers[0] > MOST_SEEDS):
        raise ErcBenchError(f"{said} asks for more than {MOST_SEEDS} seeds", "A list names seeds: 1,3,7.")
    return tuple(range(1, numbers[0] + 1) if alone else numbers)


def tuning_seeds_of(asked: str) -> tuple[int, ...]:
    """Return the seeds of a search: of a number n so many, from 101 on, and several seeds as they are.

    Raises :class:`ErcBenchError` for anything else, and for seeds that reports are made with: what was chosen by a seed
    must not be reported on it.
    """
    seeds = seeds_of(asked)
    if asked.strip().isdecimal():
        if len(seeds) > _REPORTED:
            raise ErcBenchError(
                f"{OptionName('seeds'):{asked}} asks for {asked} seeds for each trial",
                f"One seed alone is named as a range: {OptionName('seeds'):{asked}-{asked}}.",
            )
        return tuple(_REPORTED + seed for seed in seeds)
    if reported := [seed for seed in seeds if seed <= _REPORTED]:
        raise ErcBenchError(
            f"{OptionName('seeds'):{asked}} searches by seed {reported[0]}; seeds up to {_REPORTED} are for reports",
            f"Search by others: {OptionName('seeds'):101,102}.",
        )
    return seeds


def _numbers(asked: Seeds) -> list[int]:
    """Return the numbers that are named; none where something is no whole number."""
    try:
        if isinstance(asked, str):
            return [number for part in asked.split(",") for number in _range(part)]
        return [index(number) for number in (asked if isinstance(asked, Iterable) else [asked])]
    except (TypeError, ValueError):
        return []


def _range(part: str) -> Iterable[int]:
    first, dash, last = part.partition("-")
    # One more than may be asked for is enough to be told so.
    return range(int(first), min(int(last), int(first) + MOST_SEEDS) + 1) if dash else [int(first)]
