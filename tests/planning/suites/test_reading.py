"""From a TOML file to a suite, strictly."""

from textwrap import dedent

import pytest

from erc_bench.commands.compare import compare
from erc_bench.comparison.reported_numbers import reported_numbers
from erc_bench.comparison.requested_tests import Tests as Asked
from erc_bench.errors import ErcBenchError
from erc_bench.planning.settings import Override
from erc_bench.planning.suites import reading
from erc_bench.planning.suites.reading import FIELDS, Axis, Table, read_suite


def test_the_smallest_suite_has_the_defaults_of_run(read):
    suite = read()
    assert (suite.name, suite.title, suite.text) == ("trial", "", "")
    assert (suite.methods, suite.datasets) == (("ce", "eacl"), ("meld", "emorynlp"))
    assert (suite.backbones, suite.seeds, suite.readouts) == (("simcse",), (1, 2, 3, 4, 5), ())
    assert (suite.settings, suite.axes, suite.tables) == ((), (), (Table(),))


@pytest.mark.parametrize(("text", "seeds"), [("'2-4'", (2, 3, 4)), ("'3'", (1, 2, 3)), ("'7,1-2'", (7, 1, 2))])
def test_seeds_may_be_written_as_on_the_command_line(read, text, seeds):
    assert read(f"seeds = {text}").seeds == seeds


def test_settings_are_tables_of_slots_and_what_speaks_to_one_method_comes_last(read):
    suite = read("""
        seeds = [3, 1]

        [method.eacl]
        backbones = ["simcse"]
        readouts = ["nearest-anchor"]
        objective.temperature = 0.3
        choices.classifier = "head"

        [training]
        epochs = 3

        [choices]
        encoder = "prompt"
    """)
    origin = "suite trial"
    assert suite.seeds == (3, 1)
    assert suite.settings == (
        Override("encoder", "prompt", "", origin),
        Override("training.epochs", 3, "", origin),
        Override("classifier", "head", "eacl", origin),
        Override("objective.temperature", 0.3, "eacl", origin),
    )
    assert suite.backbones_of == {"eacl": ("simcse",)}
    assert suite.readouts_of == {"eacl": ("nearest-anchor",)}


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("encoder.trainable = 'none'", ""),
        ("[encoder]\ntrainable = 'none'", ""),
        ("[method.ce.encoder]\ntrainable = 'none'", "ce"),
    ],
)
def test_settings_are_written_as_a_mistake_is_told(read, text, method):
    assert read(text).settings == (Override("encoder.trainable", "none", method, "suite trial"),)


def test_settings_of_upstreams_stand_under_slots_of_their_own(read):
    suite = read("""
        [upstream]
        folds = 5
        training.epochs = 3

        [method.eacl.upstream.encoder]
        length = 64

        [axes]
        upstream.training.head_lr = [1e-3, 1e-4]
    """)
    assert [(item.address, item.value, item.method) for item in suite.settings] == [
        ("upstream.folds", 5, ""),
        ("upstream.training.epochs", 3, ""),
        ("upstream.encoder.length", 64, "eacl"),
    ]
    assert suite.axes == (Axis("upstream.training.head_lr", (1e-3, 1e-4)),)


def test_files_of_features_are_for_all_datasets_or_for_one(read):
    suite = read("""
        [features]
        commonsense = "all.safetensors"
        meld.commonsense = "meld.safetensors"

        [features.emorynlp]
        audio = "audio.safetensors"
    """)
    assert suite.features == {
        "commonsense": "all.safetensors",
        "meld:commonsense": "meld.safetensors",
        "emorynlp:audio": "audio.safetensors",
    }
    assert read().features == {}


def test_axes_are_addressed_like_settings(read):
    suite = read("""
        [axes]
        encoder.window = [0, 8]
        choices.classifier = ["head", "probe"]

        [axes.method.eacl.objective]
        temperature = [0.1, 0.2]
    """)
    assert suite.settings == ()
    assert suite.axes == (
        Axis("classifier", ("head", "probe")),
        Axis("encoder.window", (0, 8)),
        Axis("objective.temperature", (0.1, 0.2), "eacl"),
    )


def test_tables(read):
    suite = read("""
        [[table]]
        title = "Main"
        methods = ["eacl"]
        datasets = ["meld"]
        readouts = ["centroid"]
        reported = ["eacl2024/table-2"]
        baseline = "ce/simcse"
        metric = "macro_f1"
        family = "table"

        [[table]]
        per_class = true
        columns = ["joy", "macro_f1"]

        [[table]]
        audit = true
        average = true
        short_caption = true
    """)
    main = Table(
        title="Main",
        methods=("eacl",),
        datasets=("meld",),
        readouts=("centroid",),
        reported=("eacl2024/table-2",),
        baseline="ce/simcse",
        metric="macro_f1",
        family="table",
    )
    last = Table(audit=True, average=True, short_caption=True)
    assert suite.tables == (main, Table(per_class=True, columns=("joy", "macro_f1")), last)


def test_a_table_names_its_tests_as_compare_does(read):
    suite = read("""
        [[table]]
        test = "sign-flip"
        correction = "bh"
        alpha = 0.01
        unit = "both"
        cluster = "session"
        letters = true
        by = "slice"

        [[table]]
        unit = "seed"
        all_pairs = true
        margin = 2
        force_ranks = true
    """)
    asked, pairs = suite.tables
    assert asked.tests == Asked("sign-flip", "benjamini-hochberg", letters=True, cluster="session", by="slice")
    assert (asked.alpha, pairs.alpha) == (0.01, 0.05)
    assert pairs.tests == Asked(unit="seed", all_pairs=True, margin=2.0, ranks=True, force_ranks=True)


def test_the_example_of_the_documentation_is_a_suite(read):
    suite = read(dedent(reading.__doc__.partition("::\n")[2]), "")
    assert (len(suite.tables), len(suite.axes)) == (2, 1)
    assert suite.audit
    assert suite.save_representations
    assert suite.save_model


def test_a_table_takes_the_options_of_compare_that_change_a_table():
    options = {name.strip("-").replace("-", "_") for parameter in compare.params for name in parameter.opts}
    plural = {"method": "methods", "dataset": "datasets", "readout": "readouts", "name": "names", "column": "columns"}
    others = {"runs", "suite", "format", "output", "data_dir", "plugin"}
    assert {plural.get(name, name) for name in options - others} == set(FIELDS) - {"title"}


def problems(read, text, grid=None):
    with pytest.raises(ErcBenchError) as error:
        read(text) if grid is None else read(text, grid)
    file, _, told = error.value.message.partition(": ")
    assert file.endswith("trial.toml")
    first, *others = told.splitlines()
    if others:
        assert first == f"{len(others)} things are wrong:"
    return [line.strip() for line in others or [first]]


WRITTEN = 'a setting is written as encoder.trainable = "none" above all tables'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("methdos = ['ce']", "methdos: there is no such key; did you mean methods"),
        ("seeds = 0", "seeds: it must be a number of seeds or a list of different seeds"),
        ("seeds = true", "seeds: it must be a number of seeds"),
        ("seeds = [1, 1]", "seeds: it must be a number of seeds"),
        ("seeds = [-1]", "seeds: it must be a number of seeds"),
        ("seeds = 'five'", "seeds: it must be a number of seeds"),
        ("seeds = '5-1'", "seeds: it must be a number of seeds"),
        ("seeds = 1.5", "seeds: it must be a number of seeds"),
        ("backbones = 'minilm'", "backbones: it must be a list of names"),
        ("backbones = []", "backbones: it must not be empty; leave it out"),
        ("readouts = ['probe', 'probe']", "readouts: 'probe' stands there 2 times"),
        ("title = 3", "title: it must be a string"),
        ("training = 3", "training: it must be a table, [training]"),
        ("[training.epochs]\na = 1", "training.epochs: it must be a string, a number, true, false or a list of these"),
        ("training.epochs = 2020-01-01", "training.epochs: it must be a string, a number"),
        (
            "[axes]\ntraining.epochs = 3",
            "axes.training.epochs: an axis must be a list of at least two different values",
        ),
        ("[axes]\ntraining.epochs = [3]", "axes.training.epochs: an axis must be a list of at least two"),
        ("[axes]\ntraining.epochs = [3, 3]", "axes.training.epochs: an axis must be a list of at least two"),
        ("[axes]\nseeds = [3, 4]", "axes.seeds: there is no such key"),
        ("[method.ce]\nseeds = 3", "method.ce.seeds: there is no such key"),
        ("[method.ce]\nbackbones = ['minilm']", "method.ce.backbones: the suite has no 'minilm'; known: simcse"),
        ("[method.ce]\ndatasets = ['iemocap']", "method.ce.datasets: the suite has no 'iemocap'; known: emorynlp"),
        ("[method]\nce = 3", "method.ce: it must be a table, [method.ce]"),
        ("[table]\ntitle = 'x'", "table: it must be written [[table]]"),
        ("[[table]]\nper_clas = true", "table[1].per_clas: there is no such key; did you mean per_class?"),
        (
            "[[table]]\naverage = true\nper_class = true",
            "table[1].average: a table per class has no average over datasets",
        ),
        ("[[table]]\nper_class = 1", "table[1].per_class: it must be true or false"),
        ("[[table]]\nmethods = ['eakl']", "table[1].methods: the suite has no 'eakl'; did you mean eacl?"),
        ("[[table]]\ndatasets = ['iemocap']", "table[1].datasets: the suite has no 'iemocap'; known: emorynlp, meld"),
        ("[[table]]\nbaseline = 'eakl'", "table[1].baseline: the suite has no method 'eakl'; did you mean eacl?"),
        ("[[table]]\nmetric = 'accuracyy'", "table[1].metric: there is no metric 'accuracyy'; did you mean accuracy?"),
        ("[[table]]\nfamily = 'all'", "table[1].family: there is no family 'all'; known: dataset, shown, table"),
        ("[[table]]\nmetric = 'accuracy'\nper_class = true", "table[1].metric: a table per class has no other metric"),
        ("audit = 1", "audit: it must be true or false"),
        ("[[table]]\naudit = true\nper_class = true", "table[1].audit: a table per class shows no selection audit"),
        ("save_representations = 1", "save_representations: it must be true or false"),
        ("settings = 'tuned.toml'", f"settings: it must be a list of files of erc-bench tune; {WRITTEN}"),
        (
            "[settings]\nencoder.trainable = 'none'",
            f"settings: it must be a list of files of erc-bench tune; {WRITTEN}",
        ),
        (
            "settings = ['encoder.trainable=none']",
            f"settings: 'encoder.trainable=none' is no file of erc-bench tune; {WRITTEN}",
        ),
        ("[method.ce.settings]\nx = 1", f"method.ce.settings: there is no such key; {WRITTEN}"),
        ("set = ['encoder.trainable=none']", f"set: there is no such key; {WRITTEN}"),
        ("'encoder.trainable' = 'none'", f"encoder.trainable: there is no such key; {WRITTEN}"),
        ("[axes]\n'encoder.window' = [0, 8]", f"axes.encoder.window: there is no such key; {WRITTEN}"),
        ("save_model = 1", "save_model: it must be true or false"),
        ("[[table]]\ntest = 'paired'", "table[1].test: there is no test 'paired'; did you mean paired-t?"),
        ("[[table]]\ntest = 3", "table[1].test: it must be a string"),
        ("[[table]]\ncorrection = 'hom'", "table[1].correction: there is no correction 'hom'; did you mean holm?"),
        ("[[table]]\ncorrection = 'bhh'", "table[1].correction: there is no correction 'bhh'; did you mean bh?"),
        ("[[table]]\nunit = 'seeds'", "table[1].unit: there is no unit 'seeds'; did you mean seed?"),
        ("[[table]]\ncluster = 'sessions'", "table[1].cluster: there is no cluster 'sessions'; did you mean session?"),
        ("[[table]]\nby = 'slices'", "table[1].by: there is no by 'slices'; did you mean slice?"),
        ("[[table]]\nalpha = 1", "table[1].alpha: it must be a number between 0 and 1, such as 0.05"),
        ("[[table]]\nalpha = 1.5", "table[1].alpha: it must be a number between 0 and 1"),
        ("[[table]]\nalpha = true", "table[1].alpha: it must be a number between 0 and 1"),
        ("[[table]]\nall_pairs = 'yes'", "table[1].all_pairs: it must be true or false"),
        ("[[table]]\nall_pair = true", "table[1].all_pair: there is no such key; did you mean all_pairs or"),
        (
            "[[table]]\nletters = true\nper_class = true",
            "table[1].letters: a table per class has no tests",
        ),
        ("[[table]]\nmargin = 0", "table[1].margin: it must be a number above 0"),
        ("[[table]]\nmargin = inf", "table[1].margin: it must be a number above 0"),
        ("[[table]]\nmargin = true", "table[1].margin: it must be a number above 0"),
        ("[[table]]\nmargin = 1\nunit = 'dialogue'", "table[1].margin: a margin belongs to the tests over seeds"),
        ("[[table]]\nmargin = 1\nper_class = true", "table[1].margin: a table per class has no tests"),
        ("[[table]]\ntest = 'welch'\nper_class = true", "table[1].test: a table per class has no tests"),
        ("[[table]]\nfamily = 'table'\nper_class = true", "table[1].family: a table per class has no tests"),
        (
            "[[table]]\ntest = 'welch'\nunit = 'dialogue'",
            "table[1].test: the test welch is one over seeds, of which the unit dialogue makes none",
        ),
        (
            "[[table]]\ncluster = 'session'\nunit = 'seed'",
            "table[1].cluster: the cluster session belongs to tests over dialogues, of which the unit seed makes none",
        ),
        ("[[table]]\nranks = true\nper_class = true", "table[1].ranks: a table per class has no ranks"),
        ("[[table]]\nby = 'slice'\nper_class = true", "table[1].by: a table per class has no slices"),
        ("[[table]]\nreported = ['eacl2042']", "table[1].reported: no reported numbers are named 'eacl2042'; did you"),
    ],
)
def test_one_mistake_is_one_sentence_with_its_address(read, text, told):
    (sentence,) = problems(read, text)
    assert sentence.startswith(told)


def test_all_mistakes_come_at_once(read):
    text = """
        seeds = 0
        trianing.epochs = 3
        [axes]
        encoder.window = []
        [[table]]
        reported = ["eacl2024", "nobody"]
        metric = "f1"
    """
    assert [sentence.partition(": ")[0] for sentence in problems(read, text, "")] == [
        *("trianing", "methods", "datasets", "seeds", "axes.encoder.window", "table[1].metric", "table[1].reported")
    ]


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path, read):
    with pytest.raises(ErcBenchError, match=r"there is no suite .*nowhere\.toml"):
        read_suite(tmp_path / "nowhere.toml")
    with pytest.raises(ErcBenchError, match=r"trial\.toml is no TOML file: .*line 4"):
        read("seeds = = 3")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ErcBenchError, match=r"bytes\.toml is no TOML file"):
        read_suite(tmp_path / "bytes.toml")


def test_the_tables_that_can_be_reported_are_found():
    assert {number.printed_in.rpartition(", ")[2] for number in reported_numbers("eacl2024/table-4")} == {"Table 4"}
