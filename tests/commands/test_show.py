"""``erc-bench show``."""

import re
from dataclasses import replace

import pytest

import erc_bench.api as erc
from erc_bench.commands.show import _by_dataset, _reflowed
from erc_bench.commands.show_departures import departures_of
from erc_bench.contracts.options import specs
from erc_bench.planning.settings import TrainingOptions
from erc_bench.plugin_host.catalogue import KINDS, Catalogue


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_installed_can_be_shown(command, kind):
    for name, entry in Catalogue().entries(kind).items():
        outcome = command("show", f"{kind}.{name}")
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith(f"{kind} {name}  (erc-bench)\n")
        assert f"source: {entry.component.source}" in outcome.out
        if kind != "method":
            for option in specs(entry.component.Options):
                assert (f" {name}:{option} " if kind == "observer" else f" {kind}.{option} ") in outcome.out


def test_a_name_of_two_kinds_shows_both(command):
    headings = [line for line in command("show", "eacl").out.splitlines() if line.endswith("(erc-bench)")]
    assert headings == ["objective eacl  (erc-bench)", "method eacl  (erc-bench)"]


def test_an_option_with_its_default_its_sentence_and_what_it_may_be(command):
    out = command("show", "objective.supcon").out
    assert re.search(r"objective\.temperature +0\.3 +Divides cosine similarities; lower is sharper\. *\n", out)
    assert re.search(r"\n +a number, above 0 *\n", out)


def test_the_options_of_training_with_their_defaults_by_regime(command):
    out = command("show", "training").out
    for name in specs(TrainingOptions):
        assert f" training.{name} " in out
    assert re.search(r"training\.epochs +8 +Passes.*\n +frozen: 20", out)
    assert re.search(r"training\.patience +none ", out)


def test_what_methods_are_shown_of_the_dialogues(command):
    assert re.search(r"dialogues\.speakers +given +Who says which turn; shuffled: ", command("show", "dialogues").out)


def test_settings_by_dataset_are_those_that_differ():
    per_dataset = {
        "a": {"objective.x": 1, "objective.y": 2},
        "b": {"objective.x": 1},
        "c": {"objective.x": 3, "objective.y": 2},
        "d": {"objective.x": 3},
    }
    method = erc.Method("own", "invented", "Own.", settings={"objective.x": 1}, per_dataset=per_dataset)
    assert _by_dataset(method) == {
        "settings on a": "objective.y = 2",
        "settings on b": "as above",
        "settings on c": "objective.x = 3, objective.y = 2",
        "settings on d": "objective.x = 3",
    }
    shared = replace(method, per_dataset={"a": {"objective.x": 3}, "b": {"objective.x": 3}})
    assert _by_dataset(shared) == {"settings on a, b": "objective.x = 3"}


def test_a_method_shows_its_choices_its_settings_and_whence_they_are(command):
    method = Catalogue().get("method", "eacl")
    out = command("show", "method.eacl").out
    assert "\nchoices: objective = eacl, classifier = anchor\n" in out
    assert "\nsettings: objective.lambda1 = 0.9, " in out
    assert f"settings come from: {method.settings_from}" in out.replace("\n", " ")


def test_every_setting_on_a_dataset_with_its_origin(command):
    out = command("show", "eacl", "--dataset", "meld", "--backbone", "minilm").out
    rows = [line.split(maxsplit=2) for line in map(str.rstrip, out.splitlines())]
    assert out.count("(erc-bench)") == 1
    assert "on meld with minilm (small backbone)" in out
    assert ["objective.lambda1", "0.1", "method eacl for meld"] in rows
    assert ["training.encoder_lr", "5e-05", "default (small backbone)"] in rows
    assert ["training.patience", "none", "default"] in rows
    assert ["training.standardise", "false", "default"] in rows
    assert ["objective", "eacl", "method eacl"] in rows
    assert ["encoder", "prompt", "default"] in rows


def test_what_a_dataset_suggests_is_told_as_its_own(command):
    out = command("show", "ce", "--dataset", "demo", "--backbone", "minilm").out
    assert re.search(r"encoder\.trainable +none +dataset demo", out)
    assert "(frozen backbone)" in out


def test_a_system_on_a_dataset_has_no_backbone(command):
    out = command("show", "majority", "--dataset", "demo").out
    assert "\non demo " in out
    assert "simcse" not in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("eakl",), "nothing is called 'eakl'; did you mean eacl?"),
        (("objective.eakl",), "there is no objective 'eakl'; did you mean eacl?"),
        (("eacl", "--dataset", "mled"), "there is no dataset 'mled'; did you mean meld?"),
        (
            ("eacl", "--dataset", "meld", "--backbone", "minilmm"),
            "there is no backbone 'minilmm'; did you mean minilm?",
        ),
        (("majorty", "--dataset", "meld"), "no method is called 'majorty'; did you mean majority?"),
    ],
)
def test_unknown_names_have_near_matches(command, arguments, sentence):
    outcome = command("show", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"Error: {sentence}\n"


def test_paragraphs_are_joined_and_lists_are_not():
    text = "One sentence\nover two lines.\n\n- a list\n- of two\n\n    code\n\nThe end."
    assert _reflowed(text) == "One sentence over two lines.\n\n- a list\n- of two\n\n    code\n\nThe end."


@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        ("prompt", ""),
        ("cosmic", "reads features: commonsense with commonsense = true"),
        ("cogmen", 'reads features: audio with modalities = "text and audio" or "text, audio and visual" or "audio"'),
    ],
)
def test_an_encoder_says_with_which_options_it_reads_files(command, encoder, said):
    out = " ".join(command("show", f"encoder.{encoder}").out.split())
    assert said in out
    assert ("reads features:" in out) is bool(said)


def test_departures_of_a_component_stand_below_its_source(command):
    out = command("show", "backbone.promcse").out
    assert "\ndepartures from the source:\n  - prefix=off, without the learned prefixes, is the default" in out
    assert "departures from the source: none known" in command("show", "classifier.head").out


def test_departures_of_a_method_come_with_those_of_its_components(command):
    out = command("show", "method.eacl").out
    for title in ("from the source", "of encoder prompt", "of objective eacl", "of classifier anchor"):
        assert f"\ndepartures {title}:\n  - " in out
    assert "a row is left out of its own denominator" in out
    assert "departures of" not in command("show", "method.majority").out


def test_only_the_method_without_knowledge_says_that_it_has_none(command):
    sentence = "neither concepts of ConceptNet nor affect (NRC-VAD) are read"
    assert sentence not in " ".join(command("show", "method.ket").out.split())
    assert sentence in " ".join(command("show", "method.ket-no-knowledge").out.split())


def test_of_what_does_not_say_nothing_is_said():
    class Silent(erc.Objective):
        """Says nothing."""

    assert list(departures_of(Silent)) == []
    assert list(departures_of(erc.Method("own", "", ""), {"objective own": Silent})) == []
