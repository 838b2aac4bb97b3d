"""Names of new components, and what follows from them."""

import keyword

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.scaffold import KINDS, ComponentNames, check_free, names_of


def test_what_follows_from_a_name():
    names = names_of("objective", "my-2nd-loss")
    assert names.package == "erc-bench-my-2nd-loss"
    assert names.module == "erc_bench_my_2nd_loss"
    assert names.class_name == "My2ndLossObjective"


def test_a_name_that_ends_in_the_kind_says_it_once():
    assert names_of("objective", "my-objective").class_name == "MyObjective"
    assert names_of("method", "my-objective").class_name == "MyObjective"
    assert names_of("encoder", "my-objective").class_name == "MyObjectiveEncoder"
    # Alone, it would be the name of what it derives from.
    assert names_of("objective", "objective").class_name == "ObjectiveObjective"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", "x1", "tensor", "dataclass", "a" * 30, "path"])
def test_module_and_class_can_be_written_in_python(kind, name):
    names = names_of(kind, name)
    assert names.module.isidentifier()
    assert names.class_name.isidentifier()
    assert not keyword.iskeyword(names.class_name)


def test_the_class_of_a_method_is_an_objective():
    assert ComponentNames("method", "mine").class_name == "MineObjective"
    assert ComponentNames("method", "mine").slot == "objective"


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("MyLoss", "my-loss"),
        ("my_loss", "my-loss"),
        ("my loss!", "my-loss"),
        ("SCLLoss2", "scl-loss-2"),
        ("2nd", ""),
        ("-", ""),
        ("", ""),
        ("a--b", "a-b"),
        ("a-", "a"),
        ("../evil", "evil"),
        ("None", ""),
        ("é", ""),
        ("a" * 31, "a" * 30),
    ],
)
def test_what_is_no_name_is_refused_with_one_that_would_do(name, mended):
    with pytest.raises(ErcBenchError, match="is no name for a component") as error:
        names_of("encoder", name)
    assert error.value.hint == (f"This one would do: {mended}" if mended else "")


@pytest.mark.parametrize("name", ["none", "class", "true", "lambda", "training"])
def test_words_that_mean_something_else_are_refused(name):
    with pytest.raises(ErcBenchError, match="means something else") as error:
        names_of("method", name)
    assert error.value.hint == f"For example: my-{name}"


def test_a_name_that_is_taken():
    taken = {"method": {"eacl": "erc-bench"}, "objective": {"focal": "erc-bench-focal"}}
    for kind, name, package in (
        ("method", "eacl", "erc-bench"),
        ("method", "focal", "erc-bench-focal"),
        ("objective", "focal", "erc-bench-focal"),
    ):
        with pytest.raises(ErcBenchError, match=f"{name!r} exists already, in {package}\n"):
            check_free(names_of(kind, name), taken)
    check_free(names_of("objective", "eacl"), taken)
