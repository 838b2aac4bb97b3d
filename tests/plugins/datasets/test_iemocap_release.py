import json

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets.iemocap import Iemocap

ROOT = "iemocap/IEMOCAP_full_release"
HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"


def transcription(name, *turns, line_end="\n"):
    """Write turns (number, begin, text) as the release does."""
    lines = [f"{name}_{number} [{begin:08.4f}-{begin + 1:08.4f}]: {text}" for number, begin, text in turns]
    return line_end.join([*lines, ""])


def evaluation(name, *codes, line_end="\n"):
    """Write the majority labels (number, code) with what two annotators said."""
    blocks = [
        f"[1.0000 - 2.0000]\t{name}_{number}\t{code}\t[2.5000, 2.5000, 2.5000]{line_end}"
        f"C-E2:\tNeutral; Anger;\t(who knows){line_end}A-E3:\tval 3; act 2; dom  2;\t(){line_end}"
        for number, code in codes
    ]
    return line_end.join([HEADER, "", *blocks])


@pytest.fixture
def release(files):
    """Give a function that writes dialogues, each of one turn unless told, below a data directory."""

    def write(*names, root=ROOT, **contents):
        for name in names:
            place = f"{root}/Session{name[4]}/dialog"
            files.text(f"{place}/transcriptions/{name}.txt", transcription(name, ("F000", 1, "Hello.")))
            files.text(f"{place}/EmoEvaluation/{name}.txt", evaluation(name, ("F000", "neu")))
        for name, (spoken, evaluated) in contents.items():
            place = f"{root}/Session{name[4]}/dialog"
            files.text(f"{place}/transcriptions/{name}.txt", spoken)
            files.text(f"{place}/EmoEvaluation/{name}.txt", evaluated)
        return files.folder

    return write


SPLITS = ("Ses01F_impro01", "Ses04F_script01_3", "Ses05F_impro01")
NAME = "Ses02M_script01_1"
PATH = rf"Session2/dialog/{{}}/{NAME}\.txt"


@pytest.fixture
def load(release):
    """Load a corpus in which one training dialogue is as told; return that dialogue."""

    def dialogue(spoken, evaluated):
        corpus = load_corpus(Iemocap(), release(*SPLITS, **{NAME: (spoken, evaluated)}))
        return next(dialogue for dialogue in corpus.splits.train if dialogue.id == NAME)

    return dialogue


@pytest.mark.parametrize("root", [ROOT, "iemocap"])
def test_the_release_is_found_and_named(release, root):
    corpus = load_corpus(Iemocap(), release(*SPLITS, root=root))
    assert corpus.layout_name == "usc_release"
    assert corpus.folder.name == root.split("/")[-1]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_turns_are_joined_with_their_labels_by_id(load, line_end):
    spoken = transcription(NAME, ("M000", 1, "So?"), ("F000", 2, "Yes."), ("F001", 3, "Ha."), line_end=line_end)
    # As in the release, the evaluations are in another order.
    evaluated = evaluation(NAME, ("F000", "sad"), ("F001", "exc"), ("M000", "ang"), line_end=line_end)
    found = load(spoken, evaluated)
    assert [(turn.id, turn.speaker, turn.text, turn.label) for turn in found.utterances] == [
        ("0", "Roy", "So?", "ang"),
        ("1", "Weldon", "Yes.", "sad"),
        ("2", "Weldon", "Ha.", "exc"),
    ]
    assert found.slice == "scripted"


def test_turns_are_in_the_order_of_time_as_numbers(load):
    spoken = transcription(NAME, ("F001", 100.5, "Last."), ("M000", 20, "Second."), ("F000", 3.25, "First."))
    found = load(spoken, evaluation(NAME, ("F000", "neu"), ("F001", "neu"), ("M000", "neu")))
    assert [turn.text for turn in found.utterances] == ["First.", "Second.", "Last."]
    assert [turn.speaker for turn in found.utterances] == ["Roy", "Weldon", "Roy"]


def test_codes_of_other_classes_leave_turns_unlabelled(load):
    codes = ("neu", "exc", "fru", "sad", "hap", "ang", "sur", "fea", "dis", "oth", "xxx")
    numbers = [f"F{i:03}" for i in range(len(codes))]
    spoken = transcription(NAME, *((number, i, "Hm.") for i, number in enumerate(numbers)))
    found = load(spoken, evaluation(NAME, *zip(numbers, codes, strict=True)))
    assert [turn.label for turn in found.utterances] == [*codes[:6], *[None] * 5]
    assert [turn.scored for turn in found.utterances] == [True] * 6 + [False] * 5


def test_xx_turns_are_context_and_lines_without_id_are_none(load):
    spoken = transcription(NAME, ("F000", 1, "Yes."), ("MXX0", 2, "[GARBAGE]"), ("FXX1", 3, "Oh."))
    found = load(f"M: [LAUGHTER]\n\n{spoken}F: No\n", evaluation(NAME, ("F000", "neu")))
    assert [(turn.text, turn.label, turn.scored) for turn in found.utterances] == [
        ("Yes.", "neu", True),
        ("[GARBAGE]", None, False),
        ("Oh.", None, False),
    ]


def test_laughter_is_removed_and_empty_turns_stay(load):
    spoken = transcription(NAME, ("F000", 1, "[LAUGHTER] Sorry."), ("F001", 2, ""))
    spoken += f"{NAME}_F002 [003.0000-004.0000]:\n"
    found = load(spoken, evaluation(NAME, ("F000", "neu"), ("F001", "xxx"), ("F002", "xxx")))
    assert [turn.text for turn in found.utterances] == ["Sorry.", "", ""]


def test_splits_follow_the_ids_and_are_in_their_order(release):
    train = ["Ses01F_impro01", "Ses03M_impro05a", "Ses03M_impro05b", "Ses04F_impro08", "Ses04F_script01_2"]
    dev = ["Ses04F_script01_3", "Ses04F_script03_2", "Ses04M_impro01", "Ses04M_script03_2"]
    test = ["Ses05F_impro01", "Ses05M_script01_1", "Ses05M_script01_1b"]
    splits = load_corpus(Iemocap(), release(*reversed(train + dev + test))).splits
    assert [[dialogue.id for dialogue in split] for split in (splits.train, splits.dev, splits.test)] == [
        train,
        dev,
        test,
    ]


def test_companions_and_subfolders_are_not_read(release, files):
    root = release(*SPLITS)
    place = f"{ROOT}/Session1/dialog"
    for name in ("transcriptions/._Ses01F_impro01", "EmoEvaluation/._Ses01F_impro01"):
        files.raw(f"{place}/{name}.txt", b"\0\5\x16\7Mac OS X")
    files.text(f"{place}/EmoEvaluation/Categorical/Ses01F_impro01_e2_cat.txt", "Ses01F_impro01_F000 :Anger; ()")
    files.text(f"{place}/wav/Ses01F_impro01.txt", "not a transcription")
    assert load_corpus(Iemocap(), root).counts["train"].utterances == 1
    checks = {check.path: check.state for check in verify(Iemocap, root).files}
    assert checks == {
        "Session*/dialog/transcriptions/*.txt (3 files)": "no digest on record",
        "Session*/dialog/EmoEvaluation/*.txt (3 files)": "no digest on record",
    }


def test_both_layouts_give_the_same_data(release, files):
    root = release(*SPLITS)
    found = load_corpus(Iemocap(), root)
    for split, name in zip(("train", "dev", "test"), SPLITS, strict=True):
        turns = [{"text": "Hello.", "speaker": f"{name}_F", "label": "neu"}]
        files.json(f"iemocap/spcl_json/{split}_data.json", [turns])
    files.json("iemocap/spcl_json/name_pool", ["Roy", "Weldon"])
    other = load_corpus(Iemocap(), root)
    assert (found.layout_name, other.layout_name) == ("usc_release", "spcl_json")
    assert found.fingerprint == other.fingerprint


GOOD = transcription(NAME, ("F000", 1, "Yes."), ("M000", 2, "No."))
CODES = evaluation(NAME, ("M000", "fru"), ("F000", "neu"))


@pytest.mark.parametrize(
    ("spoken", "message"),
    [
        (GOOD.replace("M000 [", "M000 "), "line 2: not a turn of Ses02M_script01_1"),
        (GOOD.replace("]: No.", " No."), "line 2: not a turn of"),
        (GOOD.replace("[001.0000", "[noon"), "line 1: not a turn of"),
        (GOOD.replace("_M000", "_X000"), "line 2: not a turn of"),
        (GOOD.replace("Ses02M_script01_1_F", "Ses02M_script01_2_F"), "line 1: not a turn of"),
        (GOOD.replace("Ses02M_script01_1_M", "2M_script01_1_M"), "line 2: not a turn of"),
        (GOOD + GOOD, r"line 3: .*EmoEvaluation.* has no evaluation of Ses02M_script01_1_F000, or it is here twice"),
        (GOOD.replace("M000", "M007"), r"line 2: .*EmoEvaluation.* has no evaluation of Ses02M_script01_1_M007"),
        ("", r"is empty \(0 bytes\)"),
        ("<html>", "line 1: this is a web page"),
    ],
)
def test_a_damaged_transcription_is_named_with_its_line(load, spoken, message):
    with pytest.raises(ErcBenchError, match=PATH.format("transcriptions") + ".*" + message):
        load(spoken, CODES)


@pytest.mark.parametrize(
    ("evaluated", "message"),
    [
        (CODES.replace("\tfru\t", "\tfrustrated\t"), "line 3: unknown label 'frustrated'; known: ang"),
        (CODES.replace("\tneu\t", "\t\t"), "line 7: not the evaluation of a further turn"),
        (CODES.replace("\tneu\t[2.5", "\tneu\t2.5"), "line 7: not the evaluation of a further turn"),
        (CODES.replace("[1.0000 - 2.0000]", ""), "line 3: not the evaluation of a further turn"),
        (CODES + CODES, "line 12: not the evaluation of a further turn"),
        (
            CODES + evaluation(NAME, ("F001", "sad")),
            "1 evaluated turns are not in .*, the first is Ses02M_script01_1_F001",
        ),
    ],
)
def test_a_damaged_evaluation_is_named_with_its_line(load, evaluated, message):
    with pytest.raises(ErcBenchError, match=PATH.format("EmoEvaluation") + ".*" + message):
        load(GOOD, evaluated)


@pytest.mark.parametrize(
    ("there", "lacking"), [("transcriptions", "EmoEvaluation"), ("EmoEvaluation", "transcriptions")]
)
def test_a_file_without_its_counterpart_is_named(release, there, lacking):
    root = release(*SPLITS, NAME)
    (root / ROOT / "Session2/dialog" / lacking / f"{NAME}.txt").unlink()
    with pytest.raises(
        ErcBenchError, match=f"{PATH.format(there)} has no counterpart: .*{PATH.format(lacking)} is missing"
    ):
        load_corpus(Iemocap(), root)


@pytest.mark.parametrize("name", ["Session2/dialog/{}/notes.txt", "Session2/dialog/{}/Ses01F_impro02.txt"])
def test_a_file_that_is_no_dialogue_of_its_session_is_named(release, files, name):
    root = release(*SPLITS, NAME)
    for folder in ("transcriptions", "EmoEvaluation"):
        files.text(f"{ROOT}/{name.format(folder)}", "something")
    with pytest.raises(ErcBenchError, match="is not named after a dialogue of Session2"):
        load_corpus(Iemocap(), root)


def test_a_release_without_evaluations_is_not_complete(release):
    root = release(*SPLITS)
    for name in SPLITS:
        (root / ROOT / f"Session{name[4]}/dialog/EmoEvaluation/{name}.txt").unlink()
    with pytest.raises(ErcBenchError, match=r"1 of 2 files are missing in .*release: Session\*/dialog/EmoEvaluation"):
        load_corpus(Iemocap(), root)


def test_an_incomplete_copy_does_not_pass_for_the_corpus(release):
    verification = verify(Iemocap, release(*SPLITS))
    assert not verification.passed
    assert sum(split.expected.dialogues for split in verification.splits) == 151


@pytest.fixture
def fixture_release(corpora, tmp_path):
    (tmp_path / "iemocap").mkdir()
    (tmp_path / ROOT).symlink_to((corpora / ROOT).resolve())
    return tmp_path


@pytest.mark.real_data
def test_the_release_of_the_invented_fixture_gives_what_is_expected_of_it(corpora, fixture_release):
    expected = json.loads((corpora / "iemocap/expected.json").read_text(encoding="utf-8"))["splits"]
    corpus = load_corpus(Iemocap(), fixture_release)
    assert corpus.layout_name == "usc_release"
    for split, dialogues in corpus.splits.items():
        assert [dialogue.id for dialogue in dialogues] == [dialogue["dialogue_id"] for dialogue in expected[split]]
        for dialogue, reference in zip(dialogues, expected[split], strict=True):
            wanted = [
                (turn["text"].replace("[LAUGHTER]", "").strip(), turn["label"]) for turn in reference["utterances"]
            ]
            assert [(turn.text, turn.label) for turn in dialogue.utterances] == wanted


@pytest.mark.real_data
def test_both_layouts_of_the_invented_fixture_are_the_same_data(corpora, fixture_release):
    found, other = load_corpus(Iemocap(), fixture_release), load_corpus(Iemocap(), corpora)
    assert (found.layout_name, other.layout_name) == ("usc_release", "spcl_json")
    assert found.fingerprint == other.fingerprint


@pytest.mark.real_data
def test_the_split_rule_holds_for_every_dialogue_of_the_corpus(corpora, release):
    ids = json.loads((corpora / "iemocap/iemocap_split_ids.json").read_text(encoding="utf-8"))
    names = [name for split in ("train", "dev", "test") for name in ids[split]]
    assert len(names) == 151
    for split, dialogues in load_corpus(Iemocap(), release(*names)).splits.items():
        assert [dialogue.id for dialogue in dialogues] == ids[split]
