"""Options become arguments where a function was called; commands stay what they are."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.speech import in_python, translated


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("--audit scores every epoch, and --dev-only never does", "audit scores every epoch, and dev_only never does"),
        ("For example --set objective.temperature=0.1.", "For example settings objective.temperature=0.1."),
        ("earlier; --overwrite failed tries again", 'earlier; overwrite="failed" tries again'),
        ("Try --device cpu.", 'Try device="cpu".'),
        ("Train with `erc-bench run`, or name it with --runs.", "Train with `erc-bench run`, or name it with --runs."),
        ("Leave --ranks.\nGet it: erc-bench data fetch x --yes", "Leave ranks.\nGet it: erc-bench data fetch x --yes"),
        ("a - b -- c", "a - b -- c"),
    ],
)
def test_options_become_arguments(said, heard):
    assert translated(said) == heard


def test_an_error_keeps_its_sentence_its_hint_and_its_cause():
    cause = ValueError("no")
    with pytest.raises(ErcBenchError) as caught, in_python():
        raise ErcBenchError("--limit is wrong", "Leave --limit.") from cause
    assert (caught.value.message, caught.value.hint) == ("limit is wrong", "Leave limit.")
    assert caught.value.__cause__ is cause


def test_another_error_passes():
    with pytest.raises(KeyError, match="--limit"), in_python():
        raise KeyError("--limit")
