import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from erc_bench.statistics.power import detectable_difference, detectable_effect, largest_sd, seeds_needed
from erc_bench.statistics.seeds import one_sample_t
from erc_bench.statistics.student_t import t_power, t_quantile


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_detectable_effect_has_the_power_it_claims(n, alpha):
    first = np.linspace(50, 52, n)
    second = np.full(n, 50.0)
    effect = detectable_effect(first, second, alpha)
    shift = effect.value / (np.std(first, ddof=1) / math.sqrt(n))
    critical = stats.t.isf(alpha / 2, n - 1)

    def rejected(spread):
        # Given the estimated spread (in true ones), t is a shifted normal over it.
        inside = stats.norm.cdf(critical * spread - shift) - stats.norm.cdf(-critical * spread - shift)
        return (1 - inside) * stats.chi.pdf(spread * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)

    power, _ = integrate.quad(rejected, 0, 10, limit=400, points=[0.01, 0.1, 1])
    assert power == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("df", [1, 4, 9, 99])
@pytest.mark.parametrize("alpha", [0.05, 1e-4])
def test_power_never_is_nan_and_grows(df, alpha):
    powers = [t_power(shift, df, alpha) for shift in (0, 0.5, 1, 3, 10, 30, 100, 1000)]
    assert powers[0] == pytest.approx(alpha)
    assert all(0 <= power <= 1 for power in powers)
    assert powers == sorted(powers)


@pytest.mark.parametrize("df", [1, 2, 4, 9])
@pytest.mark.parametrize("alpha", [1e-7, 1e-30, 1e-300])
def test_power_far_out_is_that_of_the_integral(df, alpha):
    # There the library's distribution is nan. t is a shifted normal over a spread, which is small where t is large.
    small = special.betaincinv(df / 2, 0.5, alpha) if df > 1 else (math.pi * alpha / 2) ** 2
    critical = math.sqrt(df * (1 - small) / small) if small else 2 / (math.pi * alpha)
    assert t_quantile(df, alpha) == pytest.approx(critical)
    for share in (1e-3, 0.3, 0.9, 1.0, 1.1, 1.5):
        shift = share * critical
        normal = np.linspace(-10, 10, 40_001)
        rejected = special.gammainc(df / 2, df * ((normal + shift) / critical) ** 2 / 2)
        expected = integrate.simpson(stats.norm.pdf(normal) * rejected, x=normal)
        assert t_power(shift, df, alpha) == pytest.approx(expected, rel=1e-5)


def test_a_level_far_out_takes_an_effect_far_out():
    assert detectable_difference(1.0, 2, 1e-7).value == pytest.approx(8158845.6 / math.sqrt(2), rel=1e-3)
    seeds = [seeds_needed(difference, 0.8, 1e-300).n for difference in (0.5, 1.0, 2.0)]
    assert seeds == sorted(seeds, reverse=True)
    assert len(set(seeds)) == 3
    assert t_power(0.5 / 0.8 * math.sqrt(seeds[0] - 1), seeds[0] - 2, 1e-300) < 0.8
    assert t_power(0.5 / 0.8 * math.sqrt(4), 3, 1e-300) < 1e-50


def test_seeds_needed_of_a_textbook_effect():
    # Cohen's medium effect, d = 0.5: 34 pairs for a power of 0.8 (G*Power and R's power.t.test agree).
    assert seeds_needed(0.5, 1.0).n == 34
    assert seeds_needed(-0.5, 1.0).n == 34
    assert seeds_needed(0.8, 1.0).n == 15


@given(st.floats(0.05, 20), st.floats(0.05, 5), st.sampled_from([0.05, 0.01, 0.05 / 12]))
def test_seeds_needed_is_the_least_number_that_will_do(difference, sd, alpha):
    result = seeds_needed(difference, sd, alpha)
    assert result.power >= 0.8
    assert result.power == pytest.approx(t_power(difference / sd * math.sqrt(result.n), result.n - 1, alpha))
    assert detectable_difference(sd, result.n, alpha).value <= difference * (1 + 1e-6)
    if result.n > 2:
        assert detectable_difference(sd, result.n - 1, alpha).value >= difference * (1 - 1e-6)


def test_what_no_number_of_seeds_finds_is_named():
    assert seeds_needed(0.0, 1.0).reason == "not reachable: the difference is 0"
    assert seeds_needed(0.5, 0.0).reason == "not estimable: zero variance"
    assert seeds_needed(1e-5, 1.0).reason == "not reachable: more than 1,000,000 seeds"
    assert detectable_difference(1.0, 1).reason == "not estimable: one seed"
    assert detectable_difference(1.0, 0).reason == "not estimable: no seed"
    assert detectable_difference(0.0, 5).reason == "not estimable: zero variance"


@pytest.mark.parametrize(("alpha", "power"), [(0.0, 0.8), (1.0, 0.8), (0.05, 1.0), (0.05, 0.05)])
def test_levels_outside_their_range_are_an_error(alpha, power):
    with pytest.raises(ValueError, match="must lie between"):
        detectable_difference(1.0, 5, alpha, power)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_largest_sd_is_where_the_claim_just_holds(n):
    sd = largest_sd(-1.5, n).value
    scores = np.linspace(-1, 1, n)
    scores = 60 + scores / scores.std(ddof=1) * sd
    assert one_sample_t(scores, 61.5).p == pytest.approx(0.05)
    assert one_sample_t(60 + (scores - 60) * 1.01, 61.5).p > 0.05


def test_largest_sd_that_does_not_exist():
    assert largest_sd(1.0, 1).reason == "not estimable: one seed"
    assert largest_sd(0.0, 5).reason == "not estimable: the difference is 0"
    assert largest_sd(1.0, 0).value is None
