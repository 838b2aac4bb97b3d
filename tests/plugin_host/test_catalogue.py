"""The plugin host: what is installed is found, and one bad plugin does not stop the others.

Packages are real: folders with a ``dist-info`` and modules, whose entry points are read from their
metadata.
"""

import os
import subprocess
import sys
import textwrap
from importlib.metadata import distributions
from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import GROUP, HOOK_OF_KIND, KINDS, Catalogue


def write_package(folder, name, modules):
    """Write an installed distribution: a dist-info folder, and modules by entry-point name."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{GROUP}]"]
    for point, source in modules.items():
        module = f"{name}_{point}".replace("-", "_").replace(".", "_")
        lines.append(f"{point} = {module}")
        (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install packages into a folder of the path and return the catalogue of what is there, and of nothing else."""

    def install(packages):
        for name, modules in packages.items():
            write_package(tmp_path, name, modules)
        monkeypatch.syspath_prepend(str(tmp_path))
        found = distributions(path=[str(tmp_path)])
        return Catalogue(point for dist in found for point in dist.entry_points if point.group == GROUP)

    yield install
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def dataset(name, before=""):
    return f"""
        import erc_bench.api as erc
        {before}

        class Corpus(erc.Dataset):
            "A corpus."
            name = {name!r}
            source = "invented"

        @erc.hookimpl
        def erc_datasets():
            return [Corpus]
        """


GOOD = {"dataset.good": dataset("good")}


# One minimal component of each kind; the parametrised test fails when a hook has none.
COMPONENTS = {
    "dataset": lambda: type("Own", (erc.Dataset,), {"name": "own"}),
    "backbone": lambda: type("Own", (erc.Backbone,), {"name": "own"}),
    "encoder": lambda: type("Own", (erc.Encoder,), {"name": "own"}),
    "objective": lambda: type("Own", (erc.Objective,), {"name": "own"}),
    "classifier": lambda: type("Own", (erc.Classifier,), {"name": "own"}),
    "observer": lambda: type("Own", (erc.Observer,), {"name": "own"}),
    "method": lambda: erc.Method("own", source="invented", summary="A recipe."),
}


def plugin(**hooks):
    """Return a plugin object whose hooks return, or where they are functions do, what is given."""
    return SimpleNamespace(**{name: erc.hookimpl(_hook(returned)) for name, returned in hooks.items()})


def _hook(returned):
    def hook():
        return returned() if callable(returned) else returned

    return hook


def catalogue_of(**hooks):
    catalogue = Catalogue([])
    catalogue.register(plugin(**hooks), "own-package")
    return catalogue


@pytest.mark.parametrize("kind", HOOK_OF_KIND)
class TestEveryHook:
    def test_brings_its_components(self, kind):
        component = COMPONENTS[kind]()
        entry = catalogue_of(**{HOOK_OF_KIND[kind]: [component]}).entries(kind)["own"]
        assert entry.component is component
        assert (entry.kind, entry.name, entry.package) == (kind, "own", "own-package")

    def test_is_asked_for_its_kind_alone(self, kind):
        def fail():
            raise AssertionError("called for another kind")

        others = {HOOK_OF_KIND[other]: fail for other in KINDS if other != kind}
        assert catalogue_of(**others).entries(kind) == {}

    def test_that_raises_is_named_and_the_others_go_on(self, kind):
        def fail():
            raise RuntimeError("no\nluck")

        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: fail})
        catalogue.register(plugin(**{HOOK_OF_KIND[kind]: [COMPONENTS[kind]()]}), "other-package")
        assert list(catalogue.entries(kind)) == ["own"]
        (broken,) = catalogue.broken
        assert str(broken).startswith(f"plugin {HOOK_OF_KIND[kind]} (")
        assert str(broken).endswith("of own-package is left out: RuntimeError: no luck")

    @pytest.mark.parametrize("returned", [None, "own", {"own": 1}, 3])
    def test_that_returns_no_list_is_named(self, kind, returned):
        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: returned})
        assert catalogue.entries(kind) == {}
        assert f"it returns {returned!r} and not a list" in str(catalogue.broken[0])

    def test_that_returns_something_else_keeps_the_rest_of_its_list(self, kind):
        good = COMPONENTS[kind]()
        nameless = COMPONENTS[kind]()
        object.__setattr__(nameless, "name", "") if kind == "method" else setattr(nameless, "name", "")
        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: [nameless, good, "not one", object, good]})
        assert list(catalogue.entries(kind)) == ["own"]
        reasons = [broken.reason for broken in catalogue.broken]
        wanted = "a Method" if kind == "method" else f"a subclass of erc_bench.api.{kind.capitalize()}"
        assert [reason.endswith("which has no name") for reason in reasons] == [True, False, False]
        assert reasons[1] == f"it returns 'not one', which is not {wanted}"
        assert reasons[2] == f"it returns <class 'object'>, which is not {wanted}"

    def test_of_two_packages_with_one_name_is_an_error_naming_both(self, kind):
        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: [COMPONENTS[kind]()]})
        catalogue.register(plugin(**{HOOK_OF_KIND[kind]: [COMPONENTS[kind]()]}), "other-package")
        with pytest.raises(ErcBenchError, match=f"two packages bring the {kind} 'own'") as error:
            catalogue.entries(kind)
        assert "own-package" in error.value.message
        assert "other-package" in error.value.message
        assert "ERC_BENCH_BLOCK=other-package" in error.value.hint

    def test_with_one_name_twice_in_one_package_is_an_error(self, kind):
        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: [COMPONENTS[kind](), COMPONENTS[kind]()]})
        with pytest.raises(ErcBenchError, match=f"own-package brings two components of the kind {kind} .* 'own'"):
            catalogue.entries(kind)

    def test_with_arguments_that_it_does_not_have_is_an_error(self, kind):
        hook = HOOK_OF_KIND[kind]
        namespace = {"erc": erc}
        exec(f"@erc.hookimpl\ndef {hook}(config): return []", namespace)
        with pytest.raises(ErcBenchError, match="hook with the wrong arguments") as error:
            Catalogue([]).register(SimpleNamespace(**{hook: namespace[hook]}), "own-package")
        assert "own-package" in error.value.message
        assert hook in error.value.message
        assert "config" in error.value.message
        assert "\n" not in error.value.message

    def test_misspelt_is_an_error_with_the_right_name(self, kind):
        hook = HOOK_OF_KIND[kind]
        misspelt = hook.removesuffix("s")
        with pytest.raises(ErcBenchError, match=f"the hook '{misspelt}', which does not exist") as error:
            catalogue_of(**{misspelt: []})
        assert f"did you mean {hook}" in error.value.message

    def test_unknown_name_has_near_matches(self, kind):
        catalogue = catalogue_of(**{HOOK_OF_KIND[kind]: [COMPONENTS[kind]()]})
        with pytest.raises(ErcBenchError, match=f"there is no {kind} 'owm'; did you mean own?"):
            catalogue.get(kind, "owm")


def test_components_come_in_the_order_of_their_names():
    first, second = (type(name, (erc.Dataset,), {"name": name}) for name in ("b", "a"))
    assert list(catalogue_of(erc_datasets=[first, second]).entries("dataset")) == ["a", "b"]


def test_a_hook_under_another_function_name_is_checked_by_its_own():
    component = COMPONENTS["dataset"]()
    named = erc.hookimpl(lambda: [component], specname="erc_datasets")
    catalogue = Catalogue([])
    catalogue.register(SimpleNamespace(corpora=named), "own-package")
    assert catalogue.get("dataset", "own") is component
    misspelt = erc.hookimpl(lambda: [component], specname="erc_dataset")
    with pytest.raises(ErcBenchError, match="the hook 'erc_dataset', which does not exist"):
        catalogue.register(SimpleNamespace(corpora=misspelt), "other-package")


def test_a_hook_of_another_version_may_be_marked_as_optional():
    newer = erc.hookimpl(lambda: [], specname="erc_corpora", optionalhook=True)
    catalogue = catalogue_of(erc_datasets=[COMPONENTS["dataset"]()])
    catalogue.register(SimpleNamespace(newer=newer), "other-package")
    assert list(catalogue.entries("dataset")) == ["own"]


def test_a_plugin_registered_again_replaces_itself():
    catalogue = catalogue_of(erc_datasets=[COMPONENTS["dataset"]()])
    newer = COMPONENTS["dataset"]()
    catalogue.register(plugin(erc_datasets=[newer]), "own-package")
    assert catalogue.get("dataset", "own") is newer


def test_a_plugin_that_exits_on_import_is_named_and_the_others_go_on(installed):
    packages = {
        "good-package": GOOD,
        "rude-package": {"dataset.rude": dataset("rude", before="raise SystemExit('no licence')")},
        "typing-error": {"dataset.typo": "def"},
        "lacking-package": {"dataset.lacking": "import a_module_that_nobody_has"},
    }
    catalogue = installed(packages)
    assert list(catalogue.entries("dataset")) == ["good"]
    told = sorted(map(str, catalogue.broken))
    assert told[0].startswith(
        "plugin dataset.lacking = lacking_package_dataset_lacking of lacking-package is left out: ModuleNotFoundError"
    )
    assert "rude-package is left out: SystemExit: no licence" in told[1]
    assert "typing-error is left out: SyntaxError" in told[2]


def test_who_asks_for_a_broken_plugin_is_told_why_it_is_not_there(installed):
    catalogue = installed({"rude-package": {"dataset.rude": "raise RuntimeError('no luck')"}})
    with pytest.raises(ErcBenchError, match="there is no dataset 'rude'; there are none") as error:
        catalogue.get("dataset", "rude")
    assert "rude-package is left out: RuntimeError: no luck" in error.value.hint


def test_entry_points_named_by_kind_are_loaded_for_their_kind_alone(installed):
    modules = {
        "dataset.good": dataset("good"),
        "backbone.bad": "raise RuntimeError('loaded')",
        "objective.bad": "raise RuntimeError('loaded')",
        "anything": dataset("other"),
    }
    catalogue = installed({"some-package": modules})
    assert list(catalogue.entries("dataset")) == ["good", "other"]
    assert catalogue.broken == []
    catalogue.entries("method")
    assert [broken.plugin.split()[0] for broken in catalogue.broken] == ["objective.bad"]
    catalogue.entries("backbone")
    catalogue.entries("objective")
    assert [broken.plugin.split()[0] for broken in catalogue.broken] == ["objective.bad", "backbone.bad"]


def test_two_packages_with_one_entry_point_name_are_both_loaded(installed):
    packages = {"one-package": {"dataset.corpus": dataset("one")}, "two-package": {"dataset.corpus": dataset("two")}}
    entries = installed(packages).entries("dataset")
    assert {name: entry.package for name, entry in entries.items()} == {"one": "one-package", "two": "two-package"}


def test_two_entry_points_of_one_module_count_once(installed, tmp_path):
    catalogue = installed({"some-package": GOOD})
    points = tmp_path / "some_package-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "again = some_package_dataset_good\n", encoding="utf-8")
    found = [point for dist in distributions(path=[str(tmp_path)]) for point in dist.entry_points]
    assert len(found) == 2
    assert list(Catalogue(found).entries("dataset")) == list(catalogue.entries("dataset")) == ["good"]


def test_two_packages_with_one_component_name_are_named(installed):
    packages = {"one-package": {"dataset.a": dataset("same")}, "two-package": {"dataset.b": dataset("same")}}
    with pytest.raises(ErcBenchError, match="two packages bring the dataset 'same': one-package and two-package"):
        installed(packages).entries("dataset")


@pytest.mark.parametrize("blocked", ["two-package", "other, Two_Package"])
def test_a_package_can_be_blocked(installed, monkeypatch, blocked):
    monkeypatch.setenv("ERC_BENCH_BLOCK", blocked)
    packages = {"one-package": {"dataset.a": dataset("same")}, "two-package": {"dataset.b": "raise SystemExit"}}
    catalogue = installed(packages)
    assert catalogue.entries("dataset")["same"].package == "one-package"
    assert catalogue.broken == []


def test_a_misspelt_hook_of_a_package_is_an_error_every_time(installed):
    catalogue = installed({"some-package": {"dataset.x": dataset("x").replace("erc_datasets", "erc_dataset")}})
    for _ in range(2):
        with pytest.raises(ErcBenchError, match="did you mean erc_datasets") as error:
            catalogue.entries("dataset")
        assert "some-package:dataset.x" in error.value.message
        assert "ERC_BENCH_BLOCK=some-package" in error.value.hint


def test_a_hook_with_wrong_arguments_of_a_package_is_an_error_every_time(installed):
    catalogue = installed({"some-package": {"dataset.x": dataset("x").replace("erc_datasets()", "erc_datasets(a)")}})
    for _ in range(2):
        with pytest.raises(ErcBenchError, match="wrong arguments"):
            catalogue.entries("dataset")


def test_a_module_that_cannot_be_looked_at_is_left_out(installed):
    source = """
        def __dir__():
            return ["lazy"]

        def __getattr__(name):
            raise RuntimeError(f"{name} cannot be had")
        """
    catalogue = installed({"lazy-package": {"dataset.lazy": source}, "good-package": GOOD})
    assert list(catalogue.entries("dataset")) == ["good"]
    assert "cannot be had" in str(catalogue.broken[0])


def test_an_objective_is_not_loaded_for_a_recipe_that_has_an_entry_point_of_its_own(installed):
    bad, recipe = "raise RuntimeError('loaded')", "X = 1"
    catalogue = installed(
        {
            "one": {"objective.a": bad, "method.a": recipe, "objective.b": bad},
            "two": {"objective.a": bad},
        }
    )
    catalogue.entries("method")
    assert [(broken.package, broken.plugin.split()[0]) for broken in catalogue.broken] == [
        ("two", "objective.a"),
        ("one", "objective.b"),
    ]


def test_a_package_without_a_name_is_still_loaded(installed, tmp_path):
    write_package(tmp_path, "some-package", GOOD)
    (tmp_path / "some_package-1.0.dist-info" / "METADATA").unlink()
    catalogue = installed({})
    assert catalogue.entries("dataset")["good"].package == "unknown package"


def test_installed_metadata_reaches_the_command_line(tmp_path):
    write_package(tmp_path, "good-package", GOOD)
    write_package(tmp_path, "rude-package", {"dataset.rude": "raise SystemExit('no licence')"})
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "erc_bench", "list", "datasets"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "good-package" in done.stdout
    assert "meld" in done.stdout
    assert done.stderr.startswith("Warning: plugin dataset.rude = rude_package_dataset_rude of rude-package")
    assert done.stderr.count("\n") == 1


def test_a_misspelt_hook_at_the_command_line_is_a_sentence_and_a_hint(tmp_path):
    write_package(tmp_path, "some-package", {"dataset.x": dataset("x").replace("erc_datasets", "erc_dataset")})
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "erc_bench", "list", "datasets"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Error: plugin some-package:dataset.x implements the hook 'erc_dataset', which does not exist; "
        "did you mean erc_datasets?",
        "Correct it, or set ERC_BENCH_BLOCK=some-package to leave the package out.",
    ]
