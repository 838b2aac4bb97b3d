"""Which field of a file says what: the names in circulation, or those that the user gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean


def _spelled(stems: Sequence[str], ends: Sequence[str]) -> tuple[str, ...]:
    return tuple(stem + end for end, stem in product(ends, stems))


# As ``folded`` gives them, the usual name first: of two that a file has, the first is read.
_NUMBERED = ("id", "number", "num", "no", "nr", "index", "idx")
TEXT = (
    *("text", "utterance", "transcript", "transcription", "sentence", "message", "msg", "content", "body", "line"),
    *("utterancetext", "messagetext", "rawtext", "said", "value"),
)
SPEAKER = (
    *("speaker", "speakers", "speakername", *_spelled(("speaker",), _NUMBERED), "author", "authorname", "authorid"),
    *("sender", "sendername", "senderid", "from", "role", "user", "username", "userid", "nick", "nickname"),
    *("character", "participant", "participantid", "person", "actor", "party", "interlocutor", "who", "name"),
)
_DIALOGUE_STEMS = ("dialogue", "dialog", "conversation", "conv", "convo", "chat", "thread", "dia")
_TALKS = _spelled(("transcript", "call", "meeting", "interview", "ticket"), ("id", "number", "no"))
SCENE = ("sceneid", "scene", "scenenumber", "sceneno")
DIALOGUE = (*_spelled(_DIALOGUE_STEMS, ("id", "", *_NUMBERED[1:])), *SCENE, "sessionid", *_TALKS)
_SCOPE_STEMS = (
    *("season", "episode", "split", "subset", "partition", "fold", "corpus", "dataset", "series", "show", "session"),
    *("volume", "chapter", "film", "movie", "file", "filename", "day"),
)
SCOPE = _spelled(_SCOPE_STEMS, ("", *_NUMBERED))
"""Within what the ids of dialogues may begin anew."""
NUMBER = (*_spelled(("utterance", "utt", "turn", "message", "msg", "sentence"), _NUMBERED), "turn", "position", "id")
"""What numbers the utterances of a dialogue."""
TURNS = ("utterances", "turns", "messages", "dialogue", "dialog", "conversation", "log")
TURNS_FOR_CERTAIN = TURNS[:3]
ID = ("id", *DIALOGUE)
TIMES = (
    *("timestamp", "timestampms", "datetime", "time", "starttime", "start", "date", "ts"),
    *("createdat", "createtime", "createdtime", "createdutc", "created", "sentat", "senttime"),
)
REPLY = (*_spelled(("replyto", "inreplyto"), ("", "id", "messageid")), "parentid", "parentmessageid")
"""Which utterance one answers."""
BESIDE = frozenset(
    (
        *TIMES,
        *REPLY,
        *("emotion", "emotions", "label", "labels", "gold", "sentiment", "predictedemotion", "scores", "act", "acts"),
        *("endtime", "end", "tokens"),
        *("srno", "unnamed:0", ""),
    )
)
"""What is known to be neither text nor speaker nor id: it is not read, and nobody wonders."""
WORDLESS = frozenset(
    (
        *("photo", "photos", "image", "images", "video", "videos", "gif", "gifs", "audio", "audiofiles", "sticker"),
        *("file", "files", "attachment", "attachments", "share", "mediatype", "callduration", "isunsent"),
        *("toolcalls", "functioncall"),
    )
)
"""What a message has that may come without words."""


NONE = "none"


def folded(name: str) -> str:
    """Return a name as it is compared: without capitals, blanks, ``_``, ``-`` and ``.``."""
    return name.strip().lower().translate(_DROPPED)


_DROPPED = str.maketrans("", "", "_- .")


def named(names: Iterable[str], known: Sequence[str]) -> str | None:
    """Return the first of the known names that is there, as it is written there."""
    there = {folded(name): name for name in reversed(list(names)) if isinstance(name, str)}
    return next((there[each] for each in known if each in there), None)


@dataclass(frozen=True)
class Columns:
    """The fields that the user names; what is left out is found by the names in circulation.

    ``utterance`` numbers the utterances of a dialogue. ``none`` for it says that nothing does, and for ``dialogue``
    that all is one. ``label`` is looked at by who asks for it.
    """

    dialogue: tuple[str, ...] = ()
    speaker: str | None = None
    text: str | None = None
    utterance: str | None = None
    label: str | None = None

    @property
    def any_named(self) -> bool:
        """Whether the user names a field at all."""
        return bool(self.dialogue or self.speaker or self.text or self.utterance)


USUAL = Columns()


@dataclass(frozen=True)
class Roles:
    """The fields of a file that are read, as they are written there.

    ``dialogue`` are those that identify a dialogue together, and ``asked`` says that the user named them, as
    ``number_asked`` does of ``number``; ``scopes`` are those within which an id may begin anew.
    """

    text: str | None
    speaker: str | None
    dialogue: tuple[str, ...]
    number: str | None
    asked: bool
    number_asked: bool
    scopes: tuple[str, ...]
    label: str | None = None

    def key(self, fields: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what identifies the dialogue of a turn; ``None`` and blanks where the turn does not say."""
        return tuple(value_of(fields, name) for name in self.dialogue)


def value_of(fields: Mapping[str, Any], name: str) -> Any:
    """Return the value of a field, however its name is spelt in this turn; ``None`` where it has none."""
    if name in fields:
        return fields[name]
    spelt = named(fields, (folded(name),))
    return None if spelt is None else fields[spelt]


def roles_of(names: Iterable[str], columns: Columns, place: str) -> Roles:
    """Return which of the names in a file say what; raise for one that the user gives and the file has not."""
    there = [name for name in dict.fromkeys(names) if isinstance(name, str)]
    dialogue = _asked_dialogue(there, columns, place) if columns.dialogue else _usual_dialogue(there)
    text = chosen(there, columns.text, "text_column", place) or named(there, TEXT)
    speaker = chosen(there, columns.speaker, "speaker_column", place) or named(there, SPEAKER)
    spoken_for = {text, speaker, *dialogue}
    number = None
    if columns.utterance != NONE:
        free = [name for name in there if name not in spoken_for]
        number = chosen(there, columns.utterance, "utterance_column", place) or named(free, NUMBER)
    scopes = [name for name in there if folded(name) in {*SCOPE, *DIALOGUE} and name not in {*spoken_for, number}]
    asked = (bool(columns.dialogue), columns.utterance is not None)
    return Roles(text, speaker, dialogue, number, *asked, tuple(scopes), columns.label)


def chosen(there: Sequence[str], asked: str | None, option: str, place: str) -> str | None:
    """Return the name in the file that the user means, or ``None`` where nothing is asked for."""
    if asked is None:
        return None
    found = asked if asked in there else named(there, (folded(asked),))
    if found is None:
        raise ErcBenchError(
            f"{place}: there is no {asked!r} for {OptionName(option)}; {did_you_mean(asked, there)}",
            "The name of a column, or of a field of the turns.",
        )
    return found


def _asked_dialogue(there: Sequence[str], columns: Columns, place: str) -> tuple[str, ...]:
    if columns.dialogue == (NONE,):
        return ()
    asked = [
        part.strip()
        for given in columns.dialogue
        for part in ([given] if given in there else given.split(","))
        if part.strip()
    ]
    found = (chosen(there, each, "dialogue_columns", place) for each in asked)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _usual_dialogue(there: Sequence[str]) -> tuple[str, ...]:
    found = named(there, DIALOGUE)
    if found is None or folded(found) not in SCENE:
        return () if found is None else (found,)
    # Scenes are counted within an episode, and episodes within a season.
    wider = (named(there, _spelled((stem,), ("", *_NUMBERED))) for stem in ("season", "episode"))
    return (*(name for name in wider if name is not None), found)


def unread(names: Iterable[str], read: Iterable[str | None]) -> list[str]:
    """Return the names that are neither read nor known to be beside the matter."""
    known = {folded(name) for name in read if name is not None}
    return [name for name in dict.fromkeys(names) if folded(name) not in known | BESIDE]
