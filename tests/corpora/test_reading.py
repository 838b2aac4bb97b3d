import codecs
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.corpora import csv_table
from erc_bench.corpora.csv_table import read_csv
from erc_bench.corpora.reading import (
    clean_text,
    expect,
    known_label,
    member,
    read_json,
    read_lines,
    read_text,
)
from erc_bench.errors import ErcBenchError

COLUMNS = ["Utterance", "Speaker"]


@pytest.fixture
def save(tmp_path):
    def write(content, name="some_file.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return write


def told(error):
    """Return the sentence and the remedy; both must be there."""
    assert error.value.message
    assert error.value.hint
    return str(error.value)


def test_byte_order_mark_is_no_part_of_the_first_column(save):
    path = save(codecs.BOM_UTF8 + b"Utterance,Speaker\nHello,Ada\n")
    assert [dict(row.values) for row in read_csv(path, COLUMNS)] == [{"Utterance": "Hello", "Speaker": "Ada"}]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_named_with_its_remedy(save, encoding):
    path = save("Utterance,Speaker\nHello,Ada\n".encode(encoding))
    with pytest.raises(ErcBenchError, match=r"some_file\.csv is not UTF-8: it looks like UTF-16") as error:
        read_csv(path, COLUMNS)
    assert "iconv -f utf-16" in told(error)


def test_another_encoding_is_named_with_its_line(save):
    path = save(b"Utterance,Speaker\nHello,Ada\nIt\x92s late,Ben\n")
    with pytest.raises(ErcBenchError, match=r"some_file\.csv, line 3: the file is not UTF-8 \(byte 0x92\)") as error:
        read_text(path)
    assert "iconv -f windows-1252" in told(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a git-LFS pointer"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "this is a web page"),
        (b"\n  <HTML lang=en>", "this is a web page"),
        (b'<?xml version="1.0"?><html/>', "this is a web page"),
        (b"PK\x03\x04rest", "is a packed archive"),
        (b"\x1f\x8brest", "is a packed archive"),
        (b"Utterance,\x00Speaker", "line 1: a NUL byte"),
        ("Utterance,Speaker".encode("utf-16-le"), "binary"),
    ],
)
@pytest.mark.parametrize("reader", [read_text, read_lines, read_json, lambda path: read_csv(path, COLUMNS)])
def test_what_is_no_data_file_is_told(save, reader, content, message):
    path = save(content)
    with pytest.raises(ErcBenchError, match=message) as error:
        reader(path)
    assert str(path) in told(error)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ErcBenchError, match="No such file"):
        read_text(tmp_path / "absent.csv")


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    with pytest.raises(ErcBenchError, match="cannot be read"):
        read_text(tmp_path)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("Utterance;Speaker", "separated by semicolons, and must be by commas"),
        ("Utterance\tSpeaker", "separated by tabs, and must be by commas"),
        ('{"Utterance": "Hi", "Speaker": "Ada"}', "this is JSON"),
        ("Utterance;Speech,Speaker", "column 'Utterance' is missing"),
    ],
)
def test_another_form_than_a_table_with_commas_is_named(save, first, message):
    with pytest.raises(ErcBenchError, match=message) as error:
        read_csv(save(f"{first}\nHi,Ada\n"), COLUMNS)
    assert "line 1" in told(error)


def test_json_lines_are_named(save):
    with pytest.raises(ErcBenchError, match=r"line 2, column 1: a further value after the first \(JSON Lines\?\)"):
        read_json(save('{"a": 1}\n{"a": 2}\n'))


def test_blank_lines_at_the_end_are_no_lines(save):
    assert read_lines(save("one\n\ntwo\n\n \r\n\n")) == ["one", "", "two"]
    assert read_lines(save("\n")) == []


def test_lines_end_at_lf_and_crlf_only(save):
    path = save("one\r\ntwo\x85still two\u2028and two\x0cyes\n\nfour")
    assert read_lines(path) == ["one", "two\x85still two\u2028and two\x0cyes", "", "four"]


def test_crlf_and_lf_give_the_same_records(save):
    plain = "Utterance,Speaker\nHello,Ada\nBye,Ben\n"
    rows = read_csv(save(plain, "lf.csv"), COLUMNS)
    converted = read_csv(save(plain.replace("\n", "\r\n"), "crlf.csv"), COLUMNS)
    assert [row.values for row in rows] == [row.values for row in converted]
    assert [row.line for row in rows] == [row.line for row in converted] == [2, 3]


def test_line_breaks_and_quotes_inside_a_field(save):
    path = save('Utterance,Speaker\n"first\nsecond ""quoted"", yes",Ada\nnext,Ben\n')
    first, second = read_csv(path, COLUMNS)
    assert first["Utterance"] == 'first\nsecond "quoted", yes'
    assert (first.line, second.line) == (2, 4)
    assert second.place == f"{path}, line 4"


def test_words_that_mean_nothing_to_a_parser_stay_text(save):
    words = ["None", "NA", "null", "nan", "N/A", "", "NULL", "True", "0012", "1e5", "-"]
    path = save("Utterance,Speaker\n" + "".join(f"{word},Ada\n" for word in words))
    assert [row["Utterance"] for row in read_csv(path, COLUMNS)] == words


def test_a_missing_column_is_named_with_the_near_match(save):
    path = save("Utterence,Speaker\nHello,Ada\n")
    with pytest.raises(ErcBenchError, match="line 1: column 'Utterance' is missing; did you mean Utterence") as error:
        read_csv(path, COLUMNS)
    assert "Utterance, Speaker" in told(error)


def test_a_column_that_occurs_twice_is_an_error(save):
    with pytest.raises(ErcBenchError, match="column 'Speaker' occurs twice"):
        read_csv(save("Utterance,Speaker,Speaker\nHello,Ada,Ben\n"), COLUMNS)


@pytest.mark.parametrize("record", ["Hello", "Hello, you,Ada", "Hello,Ada,"])
def test_a_record_with_another_number_of_fields_is_named_by_its_line(save, record):
    path = save(f'Utterance,Speaker\n"two\nlines",Ben\n{record}\n')
    with pytest.raises(ErcBenchError, match=r"line 4: \d fields, but the header has 2"):
        read_csv(path, COLUMNS)


@pytest.mark.parametrize("record", ['"never closed,Ada\nBye,Ben', '"closed" too early",Ada'])
def test_damaged_quotes_are_named_by_the_line_on_which_the_record_begins(save, record):
    path = save(f"Utterance,Speaker\nHello,Ada\n{record}\n")
    with pytest.raises(ErcBenchError, match="the record that begins on line 3 is damaged"):
        read_csv(path, COLUMNS)


def test_a_quote_that_swallows_a_long_file_is_still_told(save):
    path = save('Utterance,Speaker\n"never closed,Ada\n' + "Hello,Ada\n" * 20_000)
    with pytest.raises(ErcBenchError, match="the record that begins on line 2 is damaged"):
        read_csv(path, COLUMNS)


def test_empty_lines_are_no_records(save):
    rows = read_csv(save("Utterance,Speaker\n\nHello,Ada\n\n"), COLUMNS)
    assert [(row.line, row["Utterance"]) for row in rows] == [(3, "Hello")]


@pytest.mark.parametrize("value", ["one", "", "1.0", "-1", "1_0", "\u0661", "12345678901"])
def test_a_number_that_is_none_is_named(save, value):
    (row,) = read_csv(save(f"Utterance,Speaker\n{value},Ada\n"), COLUMNS)
    with pytest.raises(ErcBenchError, match="line 2: Utterance must be a whole number, found"):
        row.whole_number("Utterance")


def test_a_whole_number(save):
    (row,) = read_csv(save("Utterance,Speaker\n 12,Ada\n"), COLUMNS)
    assert row.whole_number("Utterance") == 12


fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(fields, fields), max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory, records, line_end, with_mark):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *records])
    path = tmp_path_factory.mktemp("csv") / "file.csv"
    path.write_bytes(codecs.BOM_UTF8 * with_mark + stream.getvalue().encode("utf-8"))
    rows = read_csv(path, COLUMNS)
    assert [(row["Utterance"], row["Speaker"]) for row in rows] == records
    assert [row.line for row in rows] == lines_of_records(records)


def lines_of_records(records):
    """Count line by line where each record begins, the obvious way: a lone CR ends a line for csv, too."""
    lines, line = [], 2
    for record in records:
        lines.append(line)
        line += sum(len(field.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1 for field in record) + 1
    return lines


def test_truncated_json_is_named_by_line_and_column(save):
    path = save('[\n {"text": "Hello", "spea', "train_data.json")
    with pytest.raises(ErcBenchError, match=r"train_data\.json, line 2, column 20: the JSON is cut off or damaged"):
        read_json(path)


@pytest.mark.parametrize("content", ["[" * 100_000, "[" + "9" * 5_000 + "]"])
def test_json_that_cannot_be_read_is_told(save, content):
    with pytest.raises(ErcBenchError, match="JSON"):
        read_json(save(content))


def test_a_name_that_occurs_twice_in_a_json_object_is_an_error(save):
    with pytest.raises(ErcBenchError, match="'text' occurs twice"):
        read_json(save('[{"text": "Hello", "text": "Bye"}]'))


def test_json_with_a_byte_order_mark(save):
    assert read_json(save(codecs.BOM_UTF8 + b'["Hello"]')) == ["Hello"]


@given(st.recursive(st.none() | st.booleans() | fields, lambda inner: st.lists(inner) | st.dictionaries(fields, inner)))
def test_what_a_json_writer_wrote_is_read_back(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("json") / "file.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_json(path) == content


def test_a_member_that_is_missing_or_of_another_kind_is_named():
    with pytest.raises(ErcBenchError, match="dialogue 3: 'text' is missing; did you mean test"):
        member({"test": "Hello"}, "text", str, "dialogue 3")
    with pytest.raises(ErcBenchError, match="dialogue 3, 'text': expected a text, found null"):
        member({"text": None}, "text", str, "dialogue 3")
    with pytest.raises(ErcBenchError, match="dialogue 3: expected an object, found a list"):
        member([], "text", str, "dialogue 3")
    assert member({"text": "Hello"}, "text", str, "dialogue 3") == "Hello"
    assert expect([1], list, "here") == [1]


def test_an_unknown_label_is_named_with_the_near_match():
    with pytest.raises(ErcBenchError, match="line 7: unknown label 'Disgust'; did you mean disgust") as error:
        known_label("Disgust", ("anger", "disgust"), "line 7")
    assert told(error)
    assert known_label("anger", ("anger", "disgust"), "line 7") == "anger"


def test_control_characters_of_an_encoding_accident_become_what_was_meant():
    assert (
        clean_text("It\x92s \x93late\x94\x85 really\xa0late \x97 \x91no")
        == "It\u2019s \u201clate\u201d\u2026 really late \u2014 \u2018no"
    )


@given(st.text())
def test_cleaning_is_idempotent_and_keeps_every_other_character(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert len(cleaned) == len(text)
    for before, after in zip(text, cleaned, strict=True):
        assert before == after or "\x80" <= before <= "\xa0"


def test_cleaning_agrees_with_the_encoding_itself():
    for byte in range(0x80, 0xA0):
        try:
            meant = bytes([byte]).decode("cp1252")
        except UnicodeDecodeError:
            meant = chr(byte)
        assert clean_text(chr(byte)) == meant


def test_a_header_of_many_columns_is_looked_through_once(tmp_path):
    class Counting(str):
        compared = 0

        def __eq__(self, other):
            Counting.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    header = [Counting(f"column {number}") for number in range(5000)]
    csv_table._check_header(tmp_path, header, ())
    assert Counting.compared < 10 * len(header)
    with pytest.raises(ErcBenchError, match="column 'column 7' occurs twice"):
        csv_table._check_header(tmp_path, [*header, Counting("column 7")], ())
