"""What a request declares is what its command takes."""

import click
import pytest
from click.testing import CliRunner

from erc_bench.cli import root
from erc_bench.commands.options import takes
from erc_bench.planning.asked import fields_of
from erc_bench.planning.run_requests import PredictRequest, RunRequest, SweepRequest, TuneRequest
from erc_bench.planning.table_requests import (
    CompareRequest,
    PageRequest,
    PlotRequest,
    PowerRequest,
    ScoreRequest,
)


@pytest.mark.parametrize(
    ("name", "request_type", "own"),
    [
        ("run", RunRequest, {"dry_run"}),
        ("sweep", SweepRequest, {"dry_run"}),
        ("tune", TuneRequest, {"dry_run"}),
        ("compare", CompareRequest, {"suite", "form", "output"}),
        ("report", PageRequest, set()),
        ("plot", PlotRequest, {"kind", "form", "output"}),
        ("power", PowerRequest, {"form"}),
        ("score", ScoreRequest, {"predictions", "form", "output"}),
        ("predict", PredictRequest, {"run", "file"}),
    ],
)
def test_a_command_has_the_fields_of_its_request_with_their_help(name, request_type, own):
    command = root.get_command(click.Context(root), name)
    fields = {field.name: field for field in fields_of(request_type) if field.name != "progress"}
    assert {parameter.name for parameter in command.params} == {*fields, *own}
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name in fields:
            assert parameter.help.startswith(fields[parameter.name].spec.description)


def test_names_may_stand_side_by_side(tmp_path):
    called = []

    @click.command()
    @takes(RunRequest)
    def command(request):
        called.append(request)

    folder = tmp_path / "a,b"
    folder.mkdir()
    given = ["--method", "ce, eacl", "--method", "spcl,", "--dataset", "demo,meld", "--backbone", "minilm,simcse"]
    assert CliRunner().invoke(command, [*given, "--backbone", str(folder), "--readout", "probe,head"]).exit_code == 0
    (asked,) = called
    assert list(asked.methods) == ["ce", "eacl", "spcl"]
    assert list(asked.datasets) == ["demo", "meld"]
    assert list(asked.backbones) == ["minilm", "simcse", str(folder)]
    assert list(asked.readouts) == ["probe", "head"]


def test_a_command_is_called_with_its_request():
    called = []

    @click.command()
    @takes(PlotRequest)
    @click.option("--more", is_flag=True)
    def command(request, more):
        called.append((request, more))

    arguments = ["--method", "ce", "--method", "eacl", "--alpha", "0.1", "--seed", "-1", "--more"]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert called == [(PlotRequest(methods=["ce", "eacl"], alpha=0.1, seed=-1, runs=called[0][0].runs), True)]
    for wrong in (["--alpha", "1"], ["--alpha", "nan"], ["--metric", "f1"], ["--seed", "x"]):
        assert CliRunner().invoke(command, wrong).exit_code == 2
