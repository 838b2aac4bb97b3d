"""Files of answers: what fits is read, what does not is told with its line."""

import gzip
from dataclasses import replace

import pytest

from erc_bench.comparison.scoring.answer_file import read_answers
from erc_bench.errors import ErcBenchError


def wrong(file, split):
    with pytest.raises(ErcBenchError) as error:
        read_answers(file, split)
    return f"{error.value.message}\n{error.value.hint}"


def changed(**columns):
    def change(rows):
        rows[4] |= columns
        return rows

    return change


def test_answers_are_put_into_the_order_of_the_corpus(write, split):
    straight, shuffled = write(), write("shuffled.csv", change=lambda rows: rows[::-1])
    assert read_answers(straight, split).runs == read_answers(shuffled, split).runs
    (answers,) = read_answers(straight, split).runs.values()
    assert len(answers) == 12 * 5


def test_runs_are_told_apart_by_their_seed(write, split):
    answers = read_answers(write(seeds=(3, 1)), split)
    assert set(answers.runs) == {1, 3}
    assert answers.runs[1] != answers.runs[3]
    assert not answers.notes


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (changed(dialogue_id="d99"), ["line 6: the test split of series has no dialogue 'd99'"]),
        (changed(utterance=6), ["line 6: dialogue 'd0' has the utterances 0 to 5, found 6"]),
        (changed(utterance=0), ["line 6: utterance 0 of dialogue 'd0' is answered before, on line 2"]),
        (changed(predicted="neutal"), ["line 6: predicted 'neutal' is not a label of series; did you mean neutral?"]),
        (lambda rows: rows[1:], ["utterance 0 of dialogue 'd0' has no prediction"]),
        (changed(utterance="third"), ["line 6: utterance must be a whole number, found 'third'"]),
        (lambda rows: [{"id" if k == "dialogue_id" else k: v for k, v in r.items()} for r in rows], ["'dialogue_id'"]),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(write, split, change, sentences):
    told = wrong(write(change=change), split)
    for sentence in [*sentences, "erc-bench score --help"]:
        assert sentence in told


def test_all_mistakes_are_told_at_once(write, split):
    def change(rows):
        for row in rows[:30]:
            row["dialogue_id"] = "nowhere"
        return rows

    told = wrong(write(change=change), split)
    assert "30 predictions do not fit the test split of series, and 30 utterances have none" in told
    assert "and 40 more" in told
    assert "Joy' is not a label of series; did you mean joy?" in wrong(
        write(change=lambda rows: [row | {"predicted": "Joy"} for row in rows]), split
    )


def test_one_label_that_is_none_is_told_once_and_counted_where_it_stands(write, split):
    told = wrong(write(change=lambda rows: [row | {"predicted": "3"} for row in rows]), split)
    assert "60 predictions do not fit the test split of series\n" in told
    assert told.count("is not a label") == 1
    assert "line 2 and 59 more: predicted '3' is not a label" in told


def test_gold_labels_are_checked(write, split):
    gold = list(split.gold().values())
    right = write(change=lambda rows: [row | {"gold": label} for row, label in zip(rows, gold, strict=True)])
    assert read_answers(right, split).notes == ()
    told = wrong(write(gold="joy"), split)
    assert "gold is 'joy', where the test split of series says" in told


def test_a_prediction_with_two_mistakes_is_one_prediction(write, split):
    told = wrong(write(change=changed(predicted="neutal"), gold="nothing"), split)
    assert "60 predictions do not fit" in told
    told = wrong(write(change=lambda rows: rows[2:]), split)
    assert "answers.csv: 2 utterances have no prediction in the test split of series\n" in told


def test_unlabelled_turns_may_be_answered_and_are_named(write, split):
    file = write(change=lambda rows: [*rows, {"dialogue_id": "d3", "utterance": 2, "predicted": "joy"}])
    answers = read_answers(file, split)
    assert answers.notes == ("1 predictions are of utterances that the task does not label: they are not scored",)
    assert answers.runs == read_answers(write("plain.csv"), split).runs


def test_columns_that_mean_nothing_are_named(write, split):
    assert read_answers(write(speaker="Ada"), split).notes == ("columns that are not read: speaker",)


def test_scores_are_held_against_the_answers(write, split):
    scores = {"anger": 0.1, "joy": 0.2, "neutral": 0.7}
    file = write(change=lambda rows: [row | scores for row in rows])
    (answers,) = read_answers(file, split).runs.values()
    others = sum(label != "neutral" for label in answers)
    told = f"{others} predictions are not the label with the highest score; the column predicted counts"
    assert read_answers(file, split).notes == (told,)
    assert "no" in read_answers(write(joy=0.5), split).notes[0]
    assert "the score of joy must be a number, found 'high'" in wrong(write(**scores | {"joy": "high"}), split)


def test_a_file_without_lines_is_an_error(tmp_path, split):
    file = tmp_path / "empty.csv"
    file.write_text("dialogue_id,utterance,predicted\n")
    assert "holds no predictions" in wrong(file, split)


@pytest.fixture
def pack(tmp_path):
    """Return a function that writes the content of a file packed, beside it."""

    def pack(content):
        file = tmp_path / "packed.csv.gz"
        file.write_bytes(gzip.compress(content))
        return file

    return pack


def test_a_gzipped_file_is_read_as_the_plain_one_is(write, pack, split):
    plain = write(seeds=(1, 2))
    packed = pack(plain.read_bytes())
    assert read_answers(packed, split).runs == read_answers(plain, split).runs
    marked = pack(b"\xef\xbb\xbf" + plain.read_bytes())
    assert read_answers(marked, split).runs == read_answers(plain, split).runs


def test_mistakes_in_a_gzipped_file_have_their_lines(write, pack, split):
    told = wrong(pack(write(change=changed(predicted="neutal")).read_bytes()), split)
    assert "packed.csv.gz: one prediction does not fit" in told
    assert "line 6: predicted 'neutal' is not a label of series" in told
    assert "packed.csv.gz, line 2: the file is not UTF-8" in wrong(pack(b"dialogue_id\n\xe9,\n"), split)
    assert "packed.csv.gz is empty (0 bytes)" in wrong(pack(b""), split)


def test_a_gzipped_file_that_cannot_be_unpacked_is_named(write, pack, split, tmp_path):
    file = pack(write().read_bytes())
    file.write_bytes(file.read_bytes()[:-12])
    assert "packed.csv.gz cannot be unpacked: " in wrong(file, split)
    assert "nothing.csv.gz cannot be read: No such file" in wrong(tmp_path / "nothing.csv.gz", split)


def by_id(rows):
    return [
        {"Dialogue_ID": row["dialogue_id"], "Utterance_ID": f"u{row['utterance']}", "predicted": row["predicted"]}
        for row in rows
    ]


@pytest.fixture
def named(split):
    """The split with ids of its utterances that are not their positions."""
    turned = [
        replace(each, utterances=tuple(replace(turn, id=f"u{place}") for place, turn in enumerate(each.utterances)))
        for each in split.dialogues
    ]
    return replace(split, dialogues=tuple(turned))


def test_utterances_may_go_by_their_ids_in_the_corpus(write, named):
    file = write("ids.csv", change=by_id)
    assert read_answers(file, named).runs == read_answers(write(), named).runs
    assert read_answers(file, named).notes == ()
    positions = write("both.csv", change=lambda rows: [row | {"Utterance_ID": "u9"} for row in rows])
    assert read_answers(positions, named).runs == read_answers(write(), named).runs
    assert read_answers(positions, named).notes == ("columns that are not read: Utterance_ID",)


def test_ids_that_a_dialogue_does_not_have_are_told(write, named, split):
    file = write("ids.csv", change=lambda rows: by_id([row | {"utterance": row["utterance"] + 1} for row in rows]))
    assert "line 6: dialogue 'd0' has no utterance with the Utterance_ID 'u6'" in wrong(file, named)
    nameless = [
        replace(each, utterances=tuple(replace(turn, id="") for turn in each.utterances)) for each in split.dialogues
    ]
    told = wrong(file, replace(split, dialogues=tuple(nameless)))
    assert "series has no ids of utterances: give their positions, in the column utterance" in told


def test_answers_that_are_no_label_may_count_as_wrong(write, split):
    odd = iter(["", "I cannot tell", "Joy"] + 2 * ["I cannot tell"])
    file = write(change=lambda rows: [row | {"predicted": next(odd, row["predicted"])} for row in rows])
    assert "--unknown-as-wrong" in wrong(file, split)
    answers = read_answers(file, split, unknown_as_wrong=True)
    assert answers.unknown == {"I cannot tell": 3, "": 1, "Joy": 1}
    assert answers.runs[None][:3] == ("", "I cannot tell", "Joy")
    assert answers.notes == ()
    assert read_answers(write("plain.csv"), split, unknown_as_wrong=True).unknown == {}
    assert "--unknown-as-wrong" not in wrong(write("few.csv", change=lambda rows: rows[1:]), split)


def test_an_answer_that_is_no_label_is_held_against_no_score(write, split):
    scores = {"anger": 0.1, "joy": 0.2, "neutral": 0.7}
    file = write(change=lambda rows: [row | scores | {"predicted": "who knows"} for row in rows])
    assert read_answers(file, split, unknown_as_wrong=True).notes == ()
