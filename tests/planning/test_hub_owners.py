"""A model that is named without its owner is answered with its id."""

import pytest

from erc_bench.planning.hub_owners import with_owner
from erc_bench.planning.request import look_up_backbone
from erc_bench.plugin_host.catalogue import Catalogue

IDS = ("FacebookAI/roberta-large", "google-bert/bert-base-uncased", "FacebookAI/xlm-roberta-base")


@pytest.mark.parametrize("id_", IDS)
def test_the_id_is_named(id_):
    problems = []
    assert look_up_backbone(Catalogue(), id_.partition("/")[2], problems) is None
    assert problems[0].endswith(f"; a Hugging Face id is OWNER/MODEL: {id_}")


def test_of_other_names_nothing_is_said():
    assert with_owner("minlm") == with_owner("robert") == ""
