"""Every installed objective, classifier, encoder and backbone passes every check that its authors are given."""

import pytest

from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.pretrained.files import missing_files
from erc_bench.testing.backbones import check_backbone
from erc_bench.testing.classifiers import check_classifier
from erc_bench.testing.encoders import check_encoder
from erc_bench.testing.objectives import check_objective
from erc_bench.testing.tiny import ROBERTA, tiny_backbone
from erc_bench_plugins.backbones.huggingface import HuggingFace
from erc_bench_plugins.backbones.promcse import PromCSE
from erc_bench_plugins.encoders.prompt import Prompt
from erc_bench_plugins.objectives.spcl import Spcl

CATALOGUE = Catalogue()


@pytest.mark.parametrize("name", CATALOGUE.entries("objective"))
def test_objective_conforms(name):
    check_objective(CATALOGUE.get("objective", name))


@pytest.mark.parametrize("options", [{"curriculum": True}, {"formulation": "official"}], ids=str)
def test_spcl_conforms_where_it_selects(options):
    check_objective(Spcl, Spcl.Options(**options))


@pytest.mark.parametrize("name", CATALOGUE.entries("classifier"))
def test_classifier_conforms(name):
    check_classifier(CATALOGUE.get("classifier", name))


@pytest.mark.parametrize("name", CATALOGUE.entries("encoder"))
def test_encoder_conforms(name):
    check_encoder(CATALOGUE.get("encoder", name))


@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "cls", "template": "eacl"},
        {"pooling": "mean", "template": "spcl", "requery": 0.5},
        {"window": 1, "length": 32},
    ],
    ids=str,
)
def test_prompt_encoder_conforms_with_all_its_options(options):
    check_encoder(Prompt, Prompt.Options(**options), tiny_backbone(ROBERTA))


@pytest.mark.parametrize("name", sorted(set(CATALOGUE.entries("backbone")) - {"minilm"}))
def test_backbone_conforms(name):
    check_backbone(CATALOGUE.get("backbone", name))


def test_backbone_with_weights_of_its_own_conforms():
    minilm = CATALOGUE.get("backbone", "minilm")
    folder = minilm(minilm.Options()).folder()
    assert missing_files(folder) == []
    check_backbone(minilm)


@pytest.mark.parametrize("layout", ["tiny_bert", "tiny_roberta", "tiny_deberta"])
def test_backbone_conforms_with_files_as_they_are_published(layout, request):
    check_backbone(HuggingFace, HuggingFace.Options(path=str(request.getfixturevalue(layout))))


@pytest.mark.parametrize("prefix", ["off", "on"])
def test_promcse_conforms_with_and_without_its_prefixes(prefix, tiny_promcse):
    check_backbone(PromCSE, PromCSE.Options(path=str(tiny_promcse), prefix=prefix))
