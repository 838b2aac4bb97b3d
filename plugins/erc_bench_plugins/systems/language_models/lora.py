"""A language model fine-tuned with adapters to write the label behind a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.kept_training import Training, keep, kept
from erc_bench_plugins.systems.language_models.prompts import Demonstration, Prompter, label_of, targets_of
from erc_bench_plugins.systems.language_models.rules import scores
from erc_bench_plugins.systems.language_models.templates import TEMPLATES, TemplateName

if TYPE_CHECKING:
    from erc_bench_plugins.systems.language_models.fine_tuning import FineTuning

_ADAPTERS = "adapters.safetensors"


class LoraLabels(erc.System):
    """A language model that is taught, by low-rank adapters, to answer a conversation with its last turn's label.

    The loss is that of the label's tokens and the end token; a label's score is the log-likelihood of the same tokens.
    Past turns alone are shown, unless ``context=both``. The epoch is the one that scores best on dev.
    """

    name = "lora-labels"
    source = "Hu et al. 2022, arXiv:2106.09685 (LoRA)"
    departures = ()
    needs_backbone = True
    sees_future = {"context": "both"}

    @dataclass(frozen=True)
    class Options:
        """What is asked, what trains, and how."""

        template: TemplateName = erc.option("expert", "How the model is asked.")
        window: int = erc.option(12, "How many turns before the target are shown.", at_least=0)
        context: Literal["past", "both"] = erc.option(
            "past", "both: as many turns behind the target are shown as well; wants the template turn."
        )
        chat: Literal["auto", "never"] = erc.option(
            "auto", "auto: in the model's own template for chats, where it has one; never: in plain text."
        )
        adapted: erc.AdaptedLayers = erc.option(
            "all-linear", "Which layers have adapters: all, or queries, keys and values."
        )
        rank: int = erc.option(16, "Rank of the adapters.", at_least=1)
        alpha: int = erc.option(32, "Scale of the adapters, over their rank.", at_least=1)
        dropout: float = erc.option(0.05, "Dropout before the adapters.", at_least=0, below=1)
        epochs: int = erc.option(3, "Passes over train.", at_least=1)
        batch_size: int = erc.option(16, "Turns of a step.", at_least=1)
        micro_batch: int = erc.option(8, "How many of them are computed at once; changes no gradient.", at_least=1)
        rate: float = erc.option(2e-4, "Learning rate at its highest.", above=0)
        warmup: float = erc.option(0.03, "Share of the steps in which the rate rises.", at_least=0, below=1)
        clip: float = erc.option(1.0, "Norm that a step's gradients have at most.", above=0)
        precision: Literal["float32", "bfloat16"] = erc.option(
            "float32", "In which numbers the language model computes; the adapters are float32."
        )

    def fit(self, train: Sequence[erc.Dialogue], dev: Sequence[erc.Dialogue], context: erc.SystemContext) -> None:
        """Train the adapters on train, and keep those of the epoch that scores best on dev (the first of the best)."""
        from erc_bench_plugins.systems.language_models.fine_tuning import Answered, FineTuning, Recipe

        self._start(context)
        examples = [Answered(self._prompt(*target), self._answers[label_of(*target)]) for target in targets_of(train)]
        if not examples:
            raise erc.ErcBenchError("train has no labelled turn", "Check the dataset: erc-bench data verify.")
        names = ("epochs", "batch_size", "rate", "warmup", "micro_batch", "clip")
        recipe = Recipe(**{name: getattr(self.options, name) for name in names})
        self._train(FineTuning(self._model, examples, recipe, self._pad, context.seed), recipe.epochs, dev)

    def _train(self, training: FineTuning, epochs: int, dev: Sequence[erc.Dialogue]) -> None:
        """Train epoch by epoch, from where a run that was killed got to."""
        memory, name = self._context.memory, self._name_of(training, dev)
        done = self._context.phase("fine-tune", epochs * training.steps)
        found = kept(memory, name) or Training()
        if found.epochs:
            erc.load_adapters(self._model, found.weights)
            training.put_back(found.state)
            for _ in range(len(found.epochs) * training.steps):
                done()
        while len(found.epochs) < epochs:
            loss = training.epoch(done)
            found.epochs.append({"loss": loss, "dev": self._on_dev(dev)})
            found.weights = erc.adapter_state(self._model)
            if not found.chosen or found.epochs[-1]["dev"] > found.epochs[found.chosen - 1]["dev"]:
                found.best, found.chosen = found.weights, len(found.epochs)
            if len(found.epochs) < epochs:
                found.state = training.state()
                keep(memory, name, found)
        memory.pop(name, None)
        self.epochs, self.chosen = found.epochs, found.chosen
        erc.load_adapters(self._model, found.best)

    def _name_of(self, training: FineTuning, dev: Sequence[erc.Dialogue]) -> str:
        """Return the name of a training in the memory: all that decides it, down to the adapters as they are drawn."""
        drawn = hashlib.sha256(repr(dev).encode())
        for name, weight in sorted(erc.adapter_state(self._model).items()):
            drawn.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode() + weight.numpy().tobytes())
        return f"training {training.name()} {drawn.hexdigest()} {self.options}"

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> dict[erc.UtteranceKey, np.ndarray]:
        """Return (classes,) probabilities for every scored utterance: the softmax of the labels' log-likelihoods."""
        targets = targets_of(dialogues)
        prompts = [self._prompt(*target) for target in targets]
        if not prompts:
            return {}
        found = self._scorer.score(prompts, self._context.phase("score labels", len(prompts))).numpy()
        lengths = [len(answer) for answer in self._answers.values()]
        keys = [(dialogue.id, position) for dialogue, position in targets]
        return dict(zip(keys, scores("sum", found, lengths, np.zeros(found.shape[1:])), strict=True))

    def facts(self) -> Mapping[str, Any]:
        """Return what was asked, and the epochs with the one that was chosen."""
        template = TEMPLATES[self.options.template]
        return {
            "caption": f"fine-tuned with adapters of rank {self.options.rank}, template {self.options.template},"
            " epoch chosen on dev",
            "template": {"name": self.options.template, "sha256": template.digest()},
            "language_model": self._loaded.facts(),
            "chat_template": self._chat,
            "epochs": self.epochs,
            "chosen_epoch": self.chosen,
            "trained_parameters": sum(each.numel() for each in self._model.parameters() if each.requires_grad),
            "shortened_prompts": self._prompter.shortened,
        }

    def save(self, folder: Path) -> None:
        """Write the adapters alone; the language model is found again by its name."""
        from safetensors.torch import save_file

        save_file(erc.adapter_state(self._model), folder / _ADAPTERS)

    def load(self, folder: Path, context: erc.SystemContext) -> None:
        """Read the adapters; raises ``ErcBenchError`` where they are damaged or of another model."""
        from safetensors.torch import load_file

        self._start(context)
        self.epochs, self.chosen = [], 0
        try:
            state = load_file(folder / _ADAPTERS)
        except Exception as error:  # a file from elsewhere: whatever it causes is the user's to know
            raise erc.ErcBenchError(f"{folder / _ADAPTERS} does not hold adapters") from error
        erc.load_adapters(self._model, state)

    def _start(self, context: erc.SystemContext) -> None:
        loaded = self._loaded = context.language_model(self.options.precision)
        options = self.options
        tokenizer = loaded.tokenizer
        self._context, self._pad = context, int(tokenizer.pad_token_id)
        self._chat = options.chat == "auto" and bool(tokenizer.chat_template)
        erc.add_adapters(loaded.model, options.rank, options.alpha, options.dropout, options.adapted)
        self._model = loaded.model
        self._model.to(context.device).eval()
        template, words = TEMPLATES[options.template], context.label_words
        later = options.window if options.context == "both" else 0
        self._prompter = Prompter(tokenizer, template, words, _none, options.window, self._chat, later)
        end = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
        answers = [[*self._prompter.continuation(word), *end] for word in words]
        self._answers = dict(zip(context.labels, answers, strict=True))
        self._scorer = erc.Continuations(loaded.with_model(self._model), answers, context.device)

    def _prompt(self, dialogue: erc.Dialogue, position: int) -> list[int]:
        return self._prompter.prompt(dialogue, position, self._scorer.room)

    def _on_dev(self, dev: Sequence[erc.Dialogue]) -> float:
        gold = [label_of(*target) for target in targets_of(dev)]
        answers = self.predict(dev).values()
        return self._context.metric(gold, [self._context.labels[int(row.argmax())] for row in answers])


def _none(text: str) -> list[Demonstration]:
    return []
