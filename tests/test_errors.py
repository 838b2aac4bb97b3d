"""An error names an option in the words of whoever asked."""

import click
import pytest

from erc_bench.cli import root
from erc_bench.errors import ErcBenchError, OptionName, naming, python_words, speaking
from erc_bench.planning import run_requests, table_requests
from erc_bench.planning.asked import Asked, fields_of


@pytest.mark.parametrize(
    ("keyword", "value", "typed", "python"),
    [
        ("dev_only", "", "--dev-only", "dev_only"),
        ("overwrite", "failed", "--overwrite failed", 'overwrite="failed"'),
        ("seeds", "5", "--seeds 5", "seeds=5"),
        ("methods", "", "--method", "methods"),
        ("settings", "", "--set", "settings"),
        ("settings", "upstream=none", "--set upstream=none", 'settings={"upstream": "none"}'),
        ("settings_files", "", "--settings", "settings_files"),
    ],
)
def test_an_option_is_named_by_whoever_asked(keyword, value, typed, python):
    option = OptionName(keyword)
    assert format(option, value) == typed
    with speaking(python_words):
        assert format(option, value) == python
    assert format(option, value) == typed


def test_words_are_left_where_an_error_leaves():
    with pytest.raises(ErcBenchError, match="dev_only is wrong"), speaking(python_words):
        raise ErcBenchError(f"{OptionName('dev_only')} is wrong")
    assert str(OptionName("dev_only")) == "--dev-only"


def test_an_option_is_named_as_the_commands_declare_it():
    context = click.Context(root)
    declared = (*vars(run_requests).values(), *vars(table_requests).values())
    requests = [each for each in declared if isinstance(each, type) and issubclass(each, Asked) and each is not Asked]
    names = {field.name for request in requests for field in fields_of(request)}
    assert {"methods", "settings", "settings_files", "micro_batch", "no_figures"} <= names
    for command in ("run", "sweep", "tune", "compare", "report", "plot", "power", "score", "rm", "archive"):
        options = [each for each in root.get_command(context, command).params if isinstance(each, click.Option)]
        assert all(OptionName(each.name).flag in each.opts for each in options if each.name in names)


def test_what_the_system_says_of_a_file_is_a_sentence(tmp_path):
    with pytest.raises(ErcBenchError) as caught, naming("the page cannot be read"):
        (tmp_path / "page").read_text()
    assert caught.value.message == "the page cannot be read: No such file or directory"
    assert isinstance(caught.value.__cause__, FileNotFoundError)
