"""An artificial corpus that ships with the package, so that everything can be tried without data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

import erc_bench.api as erc

_SHARE = {"neutral": 0.26, "excited": 0.14, "frustrated": 0.22, "sad": 0.14, "happy": 0.10, "angry": 0.14}
_CUMULATIVE = tuple(accumulate(_SHARE.values()))
# A dialogue has a mood: a speaker who leaves an emotion mostly takes up that of the other one.
_CONTAGION = 0.6

_NAMES = (
    *("Ada", "Ben", "Cleo", "Dario", "Edith", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leon"),
    *("Mira", "Nils", "Olga", "Pablo", "Rosa", "Sven", "Tessa", "Viktor", "Wanda", "Yusuf", "Zelda", "Anton"),
)
_THINGS = (
    *("the apartment", "the concert", "the exam", "the flight", "the garden", "the wedding", "the new job"),
    *("the car", "the letter", "the dinner", "the meeting", "the move", "the phone call", "the project"),
    *("the boat", "the race", "the school play", "the visit", "the heating", "the book", "the interview"),
)
_OPENERS = ("", "", "", "", "Well, ", "Look, ", "Oh, ", "You know, ", "Honestly, ", "Hey, ", "So, ", "Listen, ")

# What is said in one emotion only.
_CLEAR = {
    "neutral": (
        "{thing} is at three in the afternoon.",
        "I put the papers for {thing} on the table.",
        "someone called about {thing} this morning.",
        "we can talk about {thing} after lunch.",
        "the address for {thing} is on the back of the form.",
        "I think {thing} takes about two hours.",
        "there were twelve people there because of {thing}.",
        "you turn left at the corner, and then you see it.",
    ),
    "excited": (
        "I can't wait for {thing}, only two more days!",
        "guess what, {thing} is really going to happen!",
        "oh my god, did you hear about {thing}?",
        "come on, come on, {thing} is about to start!",
        "this is going to be huge, I can hardly sit still!",
        "I have butterflies in my stomach because of {thing}!",
        "we are going, we are really going!",
        "hurry up, I want to see {thing} right now!",
    ),
    "frustrated": (
        "I have tried everything with {thing} and it still does not work.",
        "why does nobody ever answer when I ask about {thing}?",
        "that is the fourth form I fill in for {thing}, the fourth.",
        "I explained {thing} twice already, what else should I do?",
        "every time I get close, {thing} falls apart again.",
        "I give up, there is no way to get this done.",
        "we have been going round in circles about {thing} for weeks.",
        "they keep sending me from one desk to the next.",
    ),
    "sad": (
        "I cried the whole night because of {thing}.",
        "it will never be the same without her.",
        "I miss him, and {thing} only makes it worse.",
        "everything feels so empty since {thing}.",
        "I just wish I could have said goodbye.",
        "there is nothing left for me here, not even {thing}.",
        "I keep looking at the old pictures of {thing}.",
        "nobody came, and I sat there all alone.",
    ),
    "happy": (
        "I am so glad that {thing} turned out well.",
        "it is lovely to sit here with you and think of {thing}.",
        "{thing} made my whole week, thank you.",
        "I could not stop smiling after {thing}.",
        "life is good, isn't it?",
        "what a beautiful day we had with {thing}.",
        "you make me laugh, and I feel at home.",
        "everything about {thing} was just as I had hoped.",
    ),
    "angry": (
        "get out, I do not want to hear about {thing} again!",
        "how dare you talk to me like that about {thing}!",
        "you lied to me about {thing}, to my face!",
        "shut up about {thing}, just shut up!",
        "I hate you for what you did to {thing}!",
        "don't you touch {thing}, or you will be sorry!",
        "you have no right, no right at all!",
        "that is my money, and you threw it away!",
    ),
}
# What either emotion of a confusable pair may say.
_BLENDED_POSITIVE = (
    "{thing} is going to be wonderful!",
    "this is the best news, I love it!",
    "that is great, that is so great about {thing}!",
    "I am really looking forward to {thing}!",
    "wow, {thing} is perfect!",
    "yes, yes, that is what I wanted!",
    "isn't it amazing what happened with {thing}?",
    "we did it, can you believe it?",
)
_BLENDED_NEGATIVE = (
    "I have had enough of {thing}!",
    "this is ridiculous, {thing} again?",
    "you never listen when I talk about {thing}.",
    "what is wrong with these people?",
    "I asked you one thing, one thing about {thing}.",
    "don't tell me to calm down about {thing}.",
    "that is not my fault, that is yours!",
    "nobody told me about {thing}, as always!",
)
_BLENDED = {
    "excited": _BLENDED_POSITIVE,
    "happy": _BLENDED_POSITIVE,
    "frustrated": _BLENDED_NEGATIVE,
    "angry": _BLENDED_NEGATIVE,
}
# What anyone may say in any emotion: only the turns before tell which one it is.
_AMBIGUOUS = (
    *("okay.", "I know.", "really?", "what do you mean?", "let me think.", "yes, I heard that.", "and then what?"),
    *("no, not yet.", "you said that before.", "what about {thing}?", "so that is {thing}.", "I don't know."),
)


class Demo(erc.Dataset):
    """An artificial corpus, generated from a seed: for trying things out, never for a result.

    Every sentence is put together from phrases invented for this package; nobody ever said them,
    and a score on them says nothing about people. It imitates the difficulties of the task: six
    emotions like those of IEMOCAP, two confusable pairs (excited and happy, frustrated and angry)
    that share phrases, speakers who tend to stay in their emotion or catch that of the other, and
    turns such as "Okay." that only their context tells. Generating takes time in proportion to the
    number of utterances. A frozen encoder is suggested, so that a first run takes seconds.
    """

    name = "demo"
    source = "generated by erc-bench; artificial"
    labels = tuple(_SHARE)
    licence = "Apache-2.0, like erc-bench; artificial, invented sentences"
    redistributable = True
    obtain = "Nothing to get: it is artificial and generated when it is used."
    suggested_settings = {"encoder.trainable": "none"}

    @dataclass(frozen=True)
    class Options:
        """How much is generated, and how hard it is."""

        size: int = erc.option(150, "Dialogues of train; dev has a quarter of that, test a third.", at_least=1)
        turns: int = erc.option(6, "Mean number of turns of a dialogue.", at_least=1)
        seed: int = erc.option(0, "What is generated; unrelated to the seeds of training.", at_least=0)
        inertia: float = erc.option(0.65, "Probability that a speaker stays in an emotion.", at_least=0, at_most=1)
        ambiguity: float = erc.option(0.1, "Share of turns that could be said in any emotion.", at_least=0, at_most=1)
        blend: float = erc.option(
            0.3,
            "Share of the other turns of a confusable pair that either of the two could say.",
            at_least=0,
            at_most=1,
        )

    def load(self, folder: Path) -> erc.Splits:
        """Generate the three splits; the folder is not looked at."""
        size = self.options.size
        return erc.Splits(
            train=self._split("train", size),
            dev=self._split("dev", max(1, size // 4)),
            test=self._split("test", max(1, size // 3)),
        )

    def _split(self, split: str, size: int) -> tuple[erc.Dialogue, ...]:
        # Each split has a stream of its own, so that a larger train leaves the beginning of test as it is.
        rng = Random(f"{self.options.seed} {split}")
        return tuple(erc.Dialogue(f"{split}-{number}", tuple(self._turns(rng))) for number in range(size))

    def _turns(self, rng: Random) -> Iterator[erc.Utterance]:
        speakers = rng.sample(_NAMES, 2)
        thing = rng.choice(_THINGS)
        emotions = [_draw(rng), _draw(rng)]
        length = rng.randint((self.options.turns + 1) // 2, self.options.turns + self.options.turns // 2)
        who = 0
        for position in range(length):
            emotions[who] = self._next(emotions[who], emotions[1 - who], rng)
            yield erc.Utterance(speakers[who], self._say(emotions[who], thing, rng), emotions[who], True, str(position))
            who = 1 - who if rng.random() < 0.85 else who

    def _next(self, own: str, other: str, rng: Random) -> str:
        if rng.random() < self.options.inertia:
            return own
        return other if rng.random() < _CONTAGION else _draw(rng)

    def _say(self, emotion: str, thing: str, rng: Random) -> str:
        phrase = rng.choice(self._pool(emotion, rng)).format(thing=thing)
        opener = rng.choice(_OPENERS)
        return opener + phrase if opener else phrase[0].upper() + phrase[1:]

    def _pool(self, emotion: str, rng: Random) -> tuple[str, ...]:
        if rng.random() < self.options.ambiguity:
            return _AMBIGUOUS
        if emotion in _BLENDED and rng.random() < self.options.blend:
            return _BLENDED[emotion]
        return _CLEAR[emotion]


def _draw(rng: Random) -> str:
    return rng.choices(Demo.labels, cum_weights=_CUMULATIVE)[0]


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [Demo]
