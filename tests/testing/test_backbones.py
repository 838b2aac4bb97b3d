"""Unsound backbones, each with the fault that its docstring names, are caught by the check of that name."""

import random
import socket
import urllib.request
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from tokenizers import AddedToken
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.backbones import BACKBONE_CHECKS, backbone_findings, check_backbone
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.offline import offline
from erc_bench.testing.tiny import write_random_checkpoint


def failed(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "failed"}


class Sound(erc.PretrainedBackbone):
    """A sound backbone, for the bad ones to deviate from."""

    name = "own"
    source = "this test"
    architecture = {"model_type": "bert"}


class Changed(Sound):
    """A sound one whose model is changed after it was loaded."""

    def load(self):
        loaded = super().load()
        return replace(loaded, **self.change(loaded))

    def change(self, loaded):
        return {}


class Half(Changed):
    """Comes in half precision."""

    def change(self, loaded):
        return {"model": loaded.model.bfloat16()}


class Trains(Changed):
    """Comes in training mode."""

    def change(self, loaded):
        return {"model": loaded.model.train()}


class AsksTheHub(Changed):
    """Looks for a newer version, and makes do without an answer."""

    def change(self, loaded):
        with suppress(OSError):
            urllib.request.urlopen("http://127.0.0.1:9/newer", timeout=1)
        return {}


class RandomLayer(Changed):
    """Draws a layer anew."""

    def change(self, loaded):
        nn.init.normal_(loaded.model.encoder.layer[-1].output.dense.weight)
        return {}


class DeclaresFlash(Sound):
    """Declares a kind of attention that its model does not have."""

    attention = ("sdpa", "flash_attention_2")


class AnotherAttention(Changed):
    """Computes something else with one kind of attention."""

    def change(self, loaded):
        if loaded.model.config._attn_implementation == "eager":
            with torch.no_grad():
                loaded.model.encoder.layer[0].output.dense.bias[0].add_(1.0)
        return {}


class Hooked(Changed):
    """Does something more with its states; its weights are as they were."""

    def change(self, loaded):
        hook = type(self).changed

        def after(model, positional, named, output):
            output.last_hidden_state = hook(output.last_hidden_state, named["attention_mask"])

        loaded.model.register_forward_hook(after, with_kwargs=True)
        return {}


class Noise(Hooked):
    """Adds noise, in evaluation mode too."""

    @staticmethod
    def changed(states, mask):
        return states + 0.1 * torch.randn(states.shape)


class CountsPadding(Hooked):
    """Knows how long the longest row of a batch is."""

    @staticmethod
    def changed(states, mask):
        return states + 0.1 * mask.shape[1]


class MixesRows(Hooked):
    """Normalises over the rows of a batch."""

    @staticmethod
    def changed(states, mask):
        return states - 0.1 * states[:, :1].mean(0, keepdim=True)


class Inference(Hooked):
    """Keeps no gradients."""

    @staticmethod
    def changed(states, mask):
        return states.detach()


class WrongInHalf(Hooked):
    """Computes something else in half precision, and says that it is safe."""

    @staticmethod
    def changed(states, mask):
        return states * (1.5 if torch.is_autocast_enabled("cpu") else 1.0)


class FailsInHalf(Hooked):
    """Fails in half precision, and says that it is safe."""

    @staticmethod
    def changed(states, mask):
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("no kernel for bfloat16")
        return states


class SaysThatItFails(FailsInHalf):
    """Fails in half precision, and says so."""

    bf16_safe = False


class LeavesOut(Changed):
    """Leaves a table out of its state."""

    def change(self, loaded):
        loaded.model.register_state_dict_post_hook(leave_out)
        return {}


def leave_out(module, state, prefix, metadata):
    state.pop("embeddings.word_embeddings.weight", None)


class SavesNothing(Sound):
    """Opens the untrained model where a trained one was saved."""

    def load_saved(self, folder):
        loaded = self.load()
        loaded.model.load_state_dict = lambda state: None
        return loaded


class LetterForAMask(Changed):
    """Calls a letter its mask."""

    def change(self, loaded):
        loaded.tokenizer.mask_token = "s"
        return {}


class MaskBesideItsSpace(Changed):
    """Has a mask that leaves the space before it as a token of its own."""

    def change(self, loaded):
        mask = AddedToken("<mask>", lstrip=False, normalized=False, special=True)
        loaded.tokenizer.add_special_tokens({"mask_token": mask})
        return {}


class TooLong(Changed):
    """Says that it reads more tokens than it has positions."""

    def change(self, loaded):
        loaded.tokenizer.model_max_length = 1024
        return {"maximum_length": 513}


class LongerThanItsTokenizer(Changed):
    """Says that it reads more tokens than its tokenizer lets through."""

    def change(self, loaded):
        loaded.tokenizer.model_max_length = 128
        return {}


class SaysLarger(Sound):
    """Says that it is ten times as large as it is."""

    def size(self):
        return 10 * super().size()


class AnotherEveryTime(Sound):
    """Has another identity each time."""

    def identity(self):
        return str(random.random())


class Damaged(Sound):
    """Cannot be loaded for a reason that is no missing file."""

    def load(self):
        raise ZeroDivisionError("a fault of its own")


UNSOUND = (
    # The fault, the check that is made for it, a part of what it says, and other checks that it cannot but fail.
    (Half, "loads", "is not float32", None),
    (Trains, "loads", "the model comes in training mode", None),
    (Damaged, "loads", "ZeroDivisionError: a fault of its own", set()),
    (AsksTheHub, "offline", "it tries to reach the network (", set()),
    (RandomLayer, "twice", "is another one in a second load", {"attention", "state", "saved"}),
    (DeclaresFlash, "attention", "with 'flash_attention_2' alone its model uses 'eager'", set()),
    (AnotherAttention, "attention", "two kinds of attention give other states", set()),
    (Noise, "deterministic", "two passes in evaluation mode differ", None),
    (CountsPadding, "padding", "when a row is padded", set()),
    (MixesRows, "neighbours", "with the other rows of the batch", {"padding"}),
    (Inference, "gradient", "does not require grad", set()),
    (WrongInHalf, "bf16", "it says that it is safe in bfloat16, and states differ", set()),
    (FailsInHalf, "bf16", "and fails there: no kernel for bfloat16", set()),
    (LeavesOut, "state", 'Missing key(s) in state_dict: "embeddings.word_embeddings.weight"', {"saved"}),
    (SavesNothing, "saved", "a saved model gives other states", set()),
    (LetterForAMask, "mask token", "the mask s is found", None),
    (TooLong, "maximum length", "it says that it reads 513 tokens, and a row of them fails", set()),
    (LongerThanItsTokenizer, "maximum length", "it says that it reads 512 tokens, its tokenizer cuts at 128", set()),
    (SaysLarger, "size", "parameters, the loaded model has", set()),
    (AnotherEveryTime, "identity", "nothing can be resumed or compared", set()),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    return Sound.Options(path=str(write_random_checkpoint(tmp_path_factory.mktemp("bert"))))


def test_a_sound_backbone_passes(options):
    check_backbone(Sound, options)


@pytest.mark.parametrize(("backbone", "check", "sentence", "others"), UNSOUND)
def test_an_unsound_backbone_is_caught_by_name(backbone, check, sentence, others, options):
    found = failed(backbone_findings(backbone, options))
    assert sentence in found.get(check, ""), found
    if others is not None:  # what is wrong everywhere is wrong for every comparison
        assert found.keys() - {check} <= others, found


def test_every_check_of_backbones_catches_something():
    caught = {check for _, check, _, _ in UNSOUND}
    own = {check.name for check in BACKBONE_CHECKS} - {check.name for check in COMPONENT_CHECKS}
    assert own - caught == {"cuda"}


def test_a_mask_takes_the_space_before_it(tmp_path):
    folder = write_random_checkpoint(tmp_path, {"model_type": "roberta"})
    found = failed(backbone_findings(MaskBesideItsSpace, Sound.Options(path=str(folder))))
    assert found == {"mask token": "the mask <mask> takes 2 tokens with its space"}


def measured(findings, check):
    (found,) = (finding for finding in findings if finding.name == check)
    return found.outcome, found.measured


def test_a_backbone_may_say_that_half_precision_fails(options):
    findings = backbone_findings(SaysThatItFails, options)
    assert failed(findings) == {}
    assert measured(findings, "bf16") == ("passed", "it says that it is not safe in bfloat16, and fails there")


def test_without_its_weights_a_class_is_checked_on_a_random_model():
    findings = backbone_findings(Sound)
    assert failed(findings) == {}
    outcome, told = measured(findings, "loads")
    assert outcome == "passed"
    assert told.endswith("(on a small random bert: no weights of its own are here)")


def test_without_weights_or_architecture_what_needs_them_is_skipped():
    class Foreign(erc.Backbone):
        """Reads files of its own."""

        name = "foreign"
        source = "this test"

        def load(self):
            raise erc.ErcBenchError("the files of foreign are not here", "Fetch them.")

    findings = backbone_findings(Foreign)
    assert failed(findings) == {}
    outcome, told = measured(findings, "loads")
    assert (outcome, "the files of foreign are not here" in told) == ("skipped", True)


def test_a_path_that_was_given_and_is_wrong_is_no_reason_to_skip(tmp_path):
    found = failed(backbone_findings(Sound, Sound.Options(path=str(tmp_path))))
    assert "lacks config.json" in found["loads"]


def test_the_network_is_there_again_after_a_check():
    with offline() as tried, suppress(OSError):
        socket.create_connection(("127.0.0.1", 9))
    assert len(tried) == 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
