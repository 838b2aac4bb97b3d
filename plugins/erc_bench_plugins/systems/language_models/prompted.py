"""What all prompted systems share: which turns are shown, which demonstrations, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.demonstrations import Choice, Demonstrations, demonstrations
from erc_bench_plugins.systems.language_models.prompts import Demonstration
from erc_bench_plugins.systems.language_models.templates import TEMPLATES, TemplateName

_LEARNT = "prompting.json"
_KINDS = ("shown", "pool")


class Prompted(erc.System):
    """A language model that is shown past turns, perhaps with labelled ones of train before them; nothing trains.

    A subclass has ``begin``, which is called before anything is asked, and may have ``choose``, which is called with
    dev, and ``choices`` and ``put_back`` for what that has chosen.
    """

    trains = False

    @dataclass(frozen=True)
    class Options:
        """What is shown."""

        template: TemplateName = erc.option("expert", "How it is asked.")
        shots: int = erc.option(0, "How many labelled turns of train a prompt shows before the question.", at_least=0)
        demonstrations: Choice = erc.option(
            "balanced",
            "Which turns these are: seeded, any; balanced, one of each label in turn (both drawn by the seed, once for"
            " a run); nearest, those whose words are nearest to the target's, for each target its own.",
        )
        window: int = erc.option(12, "How many turns before the target are shown.", at_least=0)
        shot_window: int = erc.option(3, "How many turns before a demonstration are shown.", at_least=0)

    def fit(self, train: Sequence[erc.Dialogue], dev: Sequence[erc.Dialogue], context: erc.SystemContext) -> None:
        """Draw the demonstrations from train; choose on dev what is to be chosen."""
        options = self.options
        self._context = context
        self._shown = demonstrations(train, options.demonstrations, options.shots, options.shot_window, context)
        self.begin()
        self.choose(dev)

    def begin(self) -> None:
        """Make ready to ask, with what is shown."""
        raise NotImplementedError

    def choose(self, dev: Sequence[erc.Dialogue]) -> None:
        """Choose on labelled dialogues of dev."""

    def choices(self) -> Mapping[str, Any]:
        """Return what was chosen, as JSON values."""
        return {}

    def put_back(self, choices: Mapping[str, Any]) -> None:
        """Take over what was chosen; raise ``KeyError``, ``TypeError`` or ``ValueError`` where that cannot be."""

    def facts(self) -> Mapping[str, Any]:
        """Return what was asked and shown."""
        template = self.options.template
        return {
            "template": {"name": template, "sha256": TEMPLATES[template].digest()},
            **self._named(),
        }

    def _both(self) -> dict[str, list[Demonstration]]:
        return dict(zip(_KINDS, (self._shown.fixed, self._shown.pool), strict=True))

    def _named(self) -> dict[str, Any]:
        if self._shown.pool:
            return {"demonstrations": f"the nearest {len(self._shown.fixed)} of {len(self._shown.pool)} turns of train"}
        return {"demonstrations": [[shown.dialogue_id, shown.position] for shown in self._shown.fixed]}

    def save(self, folder: Path) -> None:
        """Write demonstrations and choices; the language model is found again by its name."""
        shown = {name: [asdict(each) for each in own] for name, own in self._both().items()}
        learnt = {**self.choices(), **shown}
        (folder / _LEARNT).write_text(json.dumps(learnt, ensure_ascii=False), encoding="utf-8")

    def load(self, folder: Path, context: erc.SystemContext) -> None:
        """Read demonstrations and choices; raises ``ErcBenchError`` where the file is damaged."""
        learnt = erc.read_json(folder / _LEARNT)
        try:
            self._shown = Demonstrations(*([_demonstration(own) for own in learnt[name]] for name in _KINDS))
            self.put_back(learnt)
        except (KeyError, TypeError, ValueError) as error:
            raise erc.ErcBenchError(f"{folder / _LEARNT} does not hold how the language model is asked") from error
        self._context = context
        self.begin()


def _demonstration(own: Any) -> Demonstration:
    turns = [(str(speaker), str(text)) for speaker, text in own["turns"]]
    if not turns:
        raise ValueError("a demonstration has no turn")
    return Demonstration(str(own["dialogue_id"]), int(own["position"]), turns, str(own["answer"]))
