"""Files that options name: the content is part of a cell, the place is not; what is lacking or not read is said."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench.planning.option_files import check_unchanged
from erc_bench.planning.plan import from_json, to_json


class Knows(erc.Encoder):
    """An encoder that reads a file of words where it is told to, and another one where it is given."""

    name = "knows"
    source = "invented"

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Options."""

        knowing: bool = erc.option(True, "Whether words are read.")
        words: str | None = erc.option(None, "Words.", file={"knowing": True})
        names: str | None = erc.option(None, "Names.", file=True)


@pytest.fixture
def plan(plan, catalogue):
    """Plan with two more methods: one that reads a file, and one downstream of it."""
    methods = [
        erc.Method("knows", source="invented", summary="It reads words.", choices={"encoder": "knows"}),
        erc.Method("above", source="invented", summary="It reads through one that does.", upstream="knows"),
    ]
    hooks = {"erc_encoders": [Knows], "erc_methods": methods}
    hooks = {name: erc.hookimpl(lambda listed=listed: listed, specname=name) for name, listed in hooks.items()}
    catalogue.register(SimpleNamespace(**hooks), "knowing")
    return lambda *methods, **asked: plan(*methods, **{"features": {}, **asked})


@pytest.fixture
def words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("glad\n", encoding="utf-8")
    return file


def test_the_digest_stands_in_the_settings_and_the_component_gets_the_path(plan, words):
    (knows,) = plan("knows", set_=[f"encoder.words={words}"])
    digest = knows.resolved.values["encoder.words"]
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 64
    assert knows.resolved.overrides == {}
    assert knows.build("encoder").words == str(words)
    assert knows.build("encoder").names is None


def test_the_place_is_no_part_of_the_cell_and_the_content_is(plan, words, tmp_path):
    moved, other = tmp_path / "elsewhere.txt", tmp_path / "other.txt"
    moved.write_bytes(words.read_bytes())
    other.write_text("sad\n", encoding="utf-8")
    one, same, another = (plan("knows", set_=[f"encoder.words={file}"])[0] for file in (words, moved, other))
    assert one == same
    assert one.address == same.address
    assert one.address.settings_hash != another.address.settings_hash


def test_a_relative_path_holds_wherever_a_later_process_stands(plan, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (knows,) = plan("knows", set_=["encoder.words=words.txt"])
    again = from_json(to_json(knows))
    monkeypatch.chdir("/")
    assert again.build("encoder").words == str(words)
    assert again.option_files == knows.option_files


def test_a_changed_or_missing_file_is_told(plan, words):
    (knows,) = plan("knows", set_=[f"encoder.words={words}"])
    check_unchanged(knows.resolved.values, knows.option_files)
    words.write_text("sadder\n", encoding="utf-8")
    with pytest.raises(erc.ErcBenchError, match=r"words\.txt \(encoder\.words\) has changed"):
        check_unchanged(knows.resolved.values, knows.option_files)
    words.unlink()
    with pytest.raises(erc.ErcBenchError, match=r"words\.txt cannot be read"):
        check_unchanged(knows.resolved.values, knows.option_files)


def test_what_is_lacking_is_one_sentence_with_the_option(plan):
    with pytest.raises(erc.ErcBenchError) as error:
        plan("knows")
    assert error.value.message == "knows: the encoder 'knows' reads a file: --set encoder.words=FILE"


def test_none_is_lacking_in_a_plan_that_is_looked_at_or_that_reads_none(plan):
    assert plan("knows", features=None)[0].resolved.values["encoder.words"] is None
    assert plan("knows", set_=["encoder.knowing=false"])[0].option_files == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("encoder.words={file}.gone",), "encoder.words: there is no file '{file}.gone'"),
        (("encoder.words={file}/..",), "encoder.words: there is no file '{file}/..'"),
        (
            ("encoder.words={file}", "encoder.knowing=false"),
            "encoder.words: the encoder 'knows' reads no such file; it does with encoder.knowing=true",
        ),
    ],
)
def test_a_file_that_is_not_there_or_that_nobody_reads_is_refused(plan, words, settings, said):
    with pytest.raises(erc.ErcBenchError) as error:
        plan("knows", set_=[text.format(file=words) for text in settings])
    assert said.format(file=words) in error.value.message


def test_an_upstream_reads_its_own(plan, words):
    settings = ["encoder.trainable=none", "upstream.encoder.trainable=all", f"upstream.encoder.words={words}"]
    (above,) = plan("above", set_=settings)
    assert above.option_files == {}
    assert above.upstream.option_files == {"encoder.words": str(words)}
    assert above.resolved.values["upstream.encoder.words"].startswith("sha256:")
    assert replace(from_json(to_json(above)).upstream, method=above.upstream.method) == above.upstream
