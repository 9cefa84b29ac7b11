"""All stored reference values hold; what is not defined comes back as None, never as 0."""

import itertools
import json
import math
from collections import Counter
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from sygra_eval.quality import (
    Level,
    Weights,
    benjamini_hochberg,
    bootstrap_mean,
    chi_square_above,
    clopper_pearson,
    clustered_mean,
    cohen_kappa,
    cohen_kappa_of,
    contingency,
    entropy,
    exact_multinomial,
    fleiss_kappa,
    goodness_of_fit,
    holm,
    incomplete_beta,
    kolmogorov_smirnov,
    krippendorff_alpha,
    lsh_probability,
    mcnemar,
    mean_of,
    newcombe,
    normal_quantile,
    pass_at_k,
    pass_hat_k,
    quantile,
    sign_flip_test,
    spearman,
    t_quantile,
    two_sample_permutation,
    vendi_score,
    wilson,
)

CASES = json.loads(Path(__file__).with_name("stats_reference.json").read_text())["cases"]


def bounds(interval):
    if interval is None:
        return {"estimate": None, "lo": 0.0, "hi": 1.0}
    return {"estimate": interval.estimate, "lo": interval.low, "hi": interval.high}


def figures(found):
    return {"estimate": found.value, "se": found.error, "lo": found.low, "hi": found.high}


def clustered(x, cluster, alpha):
    found = clustered_mean(x, cluster, confidence=1 - alpha)
    groups = found.clusters
    error = found.error
    return figures(found) | {
        "df": groups - 1,
        "se_cr0": None if error is None else error * math.sqrt((groups - 1) / groups),
        "se_cr1_statsmodels": error,
        "naive_se": mean_of(x).error,
    }


def coverage(n, p, alpha):
    return sum(
        math.comb(n, k) * p**k * (1 - p) ** (n - k)
        for k in range(n + 1)
        if (interval := wilson(k, n, confidence=1 - alpha)).low <= p <= interval.high
    )


def percentiles(drawn, alpha):
    ordered = sorted(drawn)
    return {"lo": quantile(ordered, alpha / 2), "hi": quantile(ordered, 1 - alpha / 2)}


def of_indices(x, indices, alpha):
    drawn = [fmean(x[index] for index in one) for one in indices]
    return {"estimate": fmean(x), **percentiles(drawn, alpha)}


def of_all_resamples(x, alpha):
    drawn = [fmean(one) for one in itertools.product(x, repeat=len(x))]
    return {
        **percentiles(drawn, alpha),
        "mean_of_resamples": fmean(drawn),
        "sd_of_resamples": pstdev(drawn),
    }


def kappa(a, b):
    order = sorted({*a, *b})
    return {
        name: cohen_kappa(a, b, order=order, weights=weights).value
        for name, weights in (
            ("kappa", Weights.NONE),
            ("linear", Weights.LINEAR),
            ("quadratic", Weights.QUADRATIC),
        )
    }


def kappa_table(table):
    found = cohen_kappa_of(table)
    return {"kappa": found.value, "se": found.error, "lo": found.low, "hi": found.high}


def alphas(ratings_by_rater):
    units = [
        [one for one in unit if one is not None] for unit in zip(*ratings_by_rater, strict=True)
    ]
    return {level.value: krippendorff_alpha(units, level=level) for level in Level}


def mcnemars(b, c):
    found = mcnemar(b, c)
    return {"p_exact": found.p_exact, "p_mid": found.p_mid, "p_chi2_cc": found.p_chi_square}


def fit(observed, expected):
    found = goodness_of_fit(observed, expected)
    return {
        "chi2": found.chi_square,
        "p_chi2": found.p_chi_square,
        "g": found.g,
        "p_g": found.p_g,
        "tv": found.total_variation,
        "js_divergence_bits": found.divergence_bits,
        "cohen_w": found.cohen_w,
    }


def entropies(counts):
    found = entropy(counts)
    return {
        "bits": found.bits,
        "normalised_by_categories": found.normalised,
        "effective_number": found.effective,
        "gini_simpson": found.gini_simpson,
    }


def two_samples(a, b):
    found = kolmogorov_smirnov(a, b)
    return {"d": found.largest_gap, "p_exact": found.p_exact, "wasserstein": found.wasserstein}


def tables(table):
    found = contingency(table)
    return {
        "chi2": found.chi_square,
        "p": found.p,
        "cramers_v": found.cramers_v,
        "fisher_p": found.fisher_p,
    }


COMPUTED = {
    "normal_ppf": lambda p: normal_quantile(p),
    "t_ppf": lambda p, df: t_quantile(p, df),
    "chi2_sf": lambda x, df: chi_square_above(x, df),
    "betainc": incomplete_beta,
    "wilson": lambda k, n, alpha: bounds(wilson(k, n, confidence=1 - alpha)),
    "wilson_exact_coverage": coverage,
    "clopper_pearson": lambda k, n, alpha: bounds(clopper_pearson(k, n, confidence=1 - alpha)),
    "newcombe_diff": lambda k1, n1, k2, n2, alpha: bounds(
        newcombe((k1, n1), (k2, n2), confidence=1 - alpha)
    ),
    "mean_t": lambda x, alpha: figures(mean_of(x, confidence=1 - alpha)),
    "clustered_mean": clustered,
    "pass_at_k": lambda n, c, k: pass_at_k(n, c, k),
    "pass_hat_k": lambda n, c, k: pass_hat_k(n, c, k),
    "mcnemar": mcnemars,
    "sign_flip_test": lambda differences: {
        "estimate": fmean(differences),
        "p": sign_flip_test(differences),
    },
    "two_sample_permutation": lambda a, b: {"p": two_sample_permutation(a, b)},
    "holm": lambda p: holm(p),
    "benjamini_hochberg": lambda p: benjamini_hochberg(p),
    "cohen_kappa": kappa,
    "cohen_kappa_table": kappa_table,
    "fleiss_kappa": lambda counts: fleiss_kappa(counts),
    "krippendorff_alpha": alphas,
    "bootstrap_percentile_given_indices": of_indices,
    "bootstrap_exact_enumeration": of_all_resamples,
    "bootstrap_percentile": lambda x, alpha, resamples: bounds(
        bootstrap_mean([[one] for one in x], seed=1, resamples=resamples, confidence=1 - alpha)
    ),
    "goodness_of_fit": fit,
    "exact_multinomial": lambda observed, wanted: {"p": exact_multinomial(observed, wanted)},
    "entropy": entropies,
    "ks_two_sample": two_samples,
    "contingency": tables,
    "spearman": lambda a, b: {"rho": spearman(a, b)},
    "lsh_probability": lsh_probability,
    "vendi_score": lambda kernel: vendi_score(kernel),
}
ARGUMENTS = {"lsh_probability": ("similarity", "bands", "rows"), "betainc": ("a", "b", "x")}


def test_all_195_cases_are_there_and_each_function_is_computed():
    counted = Counter(case["function"] for case in CASES)

    assert counted.total() == 195
    assert counted.keys() == COMPUTED.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_reference_value_holds(case):
    found = COMPUTED[case["function"]](**case["inputs"])

    wanted, tolerance = case["expected"], case["abs_tol"]
    if not isinstance(wanted, dict):
        wanted, found = {"value": wanted}, {"value": found}
    for name, value in wanted.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, abs=tolerance, rel=0), name
