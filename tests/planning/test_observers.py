"""What ``--observer`` means, and what it refuses before anything runs."""

import pickle
from dataclasses import dataclass

import pytest

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.planning.observers import choose_observers
from erc_bench.plugin_host.catalogue import Catalogue


class Own(erc.Observer):
    """Takes options."""

    name = "own"
    source = "this test"

    @dataclass(frozen=True)
    class Options:
        folder: str = erc.option("logs", "Where.")
        every: int = erc.option(1, "How often.", at_least=1)


class Fails(erc.Observer):
    """Cannot be built."""

    name = "fails"
    source = "this test"

    def __init__(self, options=None):
        raise OSError("port taken")


class Refuses(erc.Observer):
    """Says what it lacks."""

    name = "refuses"
    source = "this test"

    def __init__(self, options=None):
        raise ErcBenchError("it lacks a package", "Install it.")


class Plugin:
    @staticmethod
    @erc.hookimpl
    def erc_observers():
        return [Own, Fails, Refuses]


def choose(*texts):
    catalogue = Catalogue([])
    catalogue.register(Plugin, "own-package")
    return choose_observers(texts, catalogue)


def test_nothing_is_chosen_where_nothing_is_asked_for():
    assert choose() == ()


def test_an_observer_with_its_own_options():
    (chosen,) = choose("own")
    assert chosen.build().options == Own.Options()


def test_options_add_up_and_the_later_one_counts():
    (chosen,) = choose("own:folder=a b/c:d=e", "own:every=3", "own:folder=other", "own")
    assert chosen.build().options == Own.Options("other", 3)
    (chosen,) = choose("own:folder=a b/c:d=e")
    assert chosen.build().options.folder == "a b/c:d=e"


def test_what_is_chosen_goes_to_other_processes():
    (chosen,) = choose("own:every=2")
    assert pickle.loads(pickle.dumps(chosen)).build().options.every == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("onw", "there is no observer 'onw'; did you mean own?"),
        ("", "there is no observer ''; known: fails, own, refuses"),
        ("own:foldr=x", "the observer 'own' has no option 'foldr'; did you mean folder?"),
        ("own:folder", "--observer 'own:folder' is not of the form NAME or NAME:OPTION=VALUE"),
        ("own:", "is not of the form"),
        ("own:=3", "is not of the form"),
        ("own:every=0", "--observer own:every=0: every must be at least 1, got 0"),
        ("own:every=often", "every must be a whole number, got 'often'"),
        ("fails", "the observer 'fails' cannot start: OSError: port taken"),
        ("refuses", "it lacks a package"),
    ],
)
def test_what_cannot_work_is_refused_at_once(text, sentence):
    with pytest.raises(ErcBenchError) as refused:
        choose("own", text)
    assert sentence in refused.value.message
