"""From log-likelihoods to scores: each rule against a loop."""

import math

import numpy as np
import pytest

from erc_bench_plugins.systems.language_models.rules import RULES, scores

LENGTHS = [1, 3, 2]


@pytest.fixture
def likelihoods():
    found = -np.random.default_rng(0).random((4, 3, 3)).astype(np.float32) * 5
    for label, length in enumerate(LENGTHS):
        found[:, label, length:] = 0
    return found


def by_loop(rule, likelihoods, unread):
    rows = []
    for row in likelihoods.tolist():
        values = []
        for label, tokens in enumerate(row):
            whole = sum(tokens[: LENGTHS[label]])
            if rule == "mean":
                whole /= LENGTHS[label]
            if rule == "calibrated":
                whole -= sum(unread[label].tolist())
            values.append(math.exp(whole))
        rows.append([value / sum(values) for value in values])
    return rows


@pytest.mark.parametrize("rule", list(RULES))
def test_each_rule_is_that_of_a_loop(rule, likelihoods):
    unread = likelihoods[0]
    np.testing.assert_allclose(
        scores(rule, likelihoods, LENGTHS, unread), by_loop(rule, likelihoods, unread), rtol=1e-5
    )


def test_calibrated_likes_no_word_behind_a_prompt_without_content(likelihoods):
    np.testing.assert_allclose(scores("calibrated", likelihoods[:1], LENGTHS, likelihoods[0]), 1 / 3)
