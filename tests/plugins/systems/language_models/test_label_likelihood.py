"""The prompted model as a system: its answers, what it chooses on dev, what it tells, saves and asks once."""

import json

import numpy as np
import pytest
import torch

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models import erc_methods
from erc_bench_plugins.systems.language_models.label_likelihood import LabelLikelihood
from erc_bench_plugins.systems.language_models.prompts import Prompter
from erc_bench_plugins.systems.language_models.rules import RULES
from erc_bench_plugins.systems.language_models.templates import TEMPLATES

LABELS, WORDS = ("ang", "joy"), ("angry", "very joyful")


def dialogues(number, start=0):
    lines = ["We won!", "He left me.", "The phone rang.", "See you today."]
    return [
        erc.Dialogue(
            f"d{start + each}",
            tuple(
                erc.Utterance("AB"[turn % 2], lines[(each + turn) % 4], LABELS[(each * turn) % 2], scored=True)
                for turn in range(3)
            ),
        )
        for each in range(number)
    ]


def context(**more):
    return erc.SystemContext(LABELS, WORDS, language_model=lambda precision: tiny_generative(), **more)


def system(**options):
    return LabelLikelihood(LabelLikelihood.Options(**options))


def fitted(told=None, **options):
    asked = system(**options)
    asked.fit(dialogues(6), dialogues(3, 10), told or context())
    return asked


@pytest.mark.parametrize("rule", ["sum", "mean"])
def test_an_answer_is_what_the_model_itself_makes_of_the_labels(rule):
    asked = fitted(rule=rule)
    loaded = tiny_generative()
    prompter = Prompter(loaded.tokenizer, TEMPLATES["expert"], WORDS, lambda text: [], 12, chat=False)
    (dialogue,) = seal(dialogues(1, 20))
    for position in range(3):
        prompt, values = prompter.prompt(dialogue, position, 500), []
        for word in WORDS:
            tokens = prompter.continuation(word)
            ids = torch.tensor([[*prompt, *tokens]])
            with torch.no_grad():
                log_p = loaded.model(ids).logits[0].log_softmax(-1)
            whole = sum(float(log_p[len(prompt) + place - 1, token]) for place, token in enumerate(tokens))
            values.append(np.exp(whole / (len(tokens) if rule == "mean" else 1)))
        np.testing.assert_allclose(
            asked.predict([dialogue])[dialogue.id, position], np.array(values) / sum(values), rtol=1e-4
        )


def test_the_rule_is_the_one_that_scores_best_on_dev():
    dev = dialogues(3, 10)
    gold = [turn.label for dialogue in dev for turn in dialogue.utterances]
    asked = fitted()
    expected = {}
    for rule in RULES:
        answers = fitted(rule=rule).predict(seal(dev)).values()
        expected[rule] = 100 * np.mean(
            [LABELS[row.argmax()] == label for row, label in zip(answers, gold, strict=True)]
        )
    assert asked.facts()["rules_on_dev"] == pytest.approx(expected)
    assert asked.facts()["rule"] == max(RULES, key=lambda rule: expected[rule])


def test_a_rule_that_is_set_reads_no_dev():
    asked = system(rule="mean")
    asked.fit(dialogues(6), None, context())
    assert asked.facts()["rules_on_dev"] == {}


def test_a_prompt_is_asked_once():
    steps = []

    def phase(name, number):
        steps.append(number)
        return lambda: None

    asked = fitted(context(phase=phase))
    assert steps == [9]
    asked.predict(seal(dialogues(3, 10)))
    assert steps == [9]
    asked.predict(seal(dialogues(4, 10)))
    assert steps == [9, 3]


def test_what_was_saved_answers_alike(tmp_path):
    asked = fitted(shots=2, template="question")
    asked.save(tmp_path)
    again = system(shots=2, template="question")
    again.load(tmp_path, context())
    before, after = (each.predict(seal(dialogues(2, 30))) for each in (asked, again))
    assert list(before) == list(after)
    np.testing.assert_array_equal(list(before.values()), list(after.values()))
    assert again.facts() == asked.facts()


@pytest.mark.parametrize(
    "content",
    ["{}", "[]", '{"rule": "other", "on_dev": {}, "shown": []}', '{"rule": "sum", "on_dev": {}, "shown": [3]}'],
)
def test_a_file_that_is_damaged_is_refused(tmp_path, content):
    (tmp_path / "prompting.json").write_text(content)
    with pytest.raises(erc.ErcBenchError, match=r"prompting\.json"):
        system().load(tmp_path, context())


def test_its_facts_are_json_and_name_what_was_shown():
    asked = fitted(shots=2)
    facts = json.loads(json.dumps(asked.facts()))
    assert facts["template"]["sha256"] == TEMPLATES["expert"].digest()
    assert facts["chat_template"] is False
    assert len(facts["demonstrations"]) == 2
    assert {name for name, _ in facts["demonstrations"]} <= {f"d{number}" for number in range(6)}


def test_methods():
    methods = {method.name: method for method in erc_methods()}
    prompted = ["llm-zero-shot", "llm-k-shot", "llm-zero-shot-written", "llm-k-shot-written", "llm-api"]
    assert list(methods) == [*prompted, "llm-lora", "instructerc", "bioserc-context"]
    assert methods["llm-k-shot"].settings == methods["llm-k-shot-written"].settings == {"system.shots": 3}
    assert LabelLikelihood.needs_backbone
    assert not LabelLikelihood.trains
