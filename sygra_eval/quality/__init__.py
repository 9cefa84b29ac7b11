"""Aggregates of a run with their uncertainty; every rate goes with an interval.

`wilson` is for a rate over rows (a value of `values`, since loops stop by it too), `rates` has the
exact interval and that of a difference, `means` means, also of rows that belong together. `paired`
and `resampling` test whether two judgements of the same rows differ, `adjusting` corrects for
several tests at once, and `paired` says what so few rows could not have shown. `agreement` is for
raters, and `raters` takes the rows of a run to it; `distributions` is for columns, `similarity` for
copies. `sides` takes finished rows to the
values of all metrics (`builtin` registers ours), `choosing` says which are compared, `comparing`
compares two sides or several with one, which may also be `plain_files` or `baselines`, to the
values of `changes` (`differing` says what else is not the same),
`gates` judges what a suite asks of a run.
`total_of` is what all rows will come to by a few of them, `pass_at_k` and `pass_hat_k` what several
tries are worth. All rest on `kernels`; docs/quality.md names the source of each.
"""

from sygra_eval.quality.adjusting import benjamini_hochberg, holm
from sygra_eval.quality.agreement import (
    Kappa,
    Level,
    Weights,
    alpha_interval,
    cohen_kappa,
    cohen_kappa_of,
    fleiss_kappa,
    krippendorff_alpha,
)
from sygra_eval.quality.baselines import baseline_files, is_baseline, read_baseline
from sygra_eval.quality.changes import (
    Change,
    ChangeVerdict,
    Comparison,
    Flip,
    Flips,
    Rules,
    Unmatched,
)
from sygra_eval.quality.choosing import chosen
from sygra_eval.quality.comparing import Against, compare, compare_several
from sygra_eval.quality.differing import Differing, differing_settings, settings_in
from sygra_eval.quality.distributions import (
    contingency,
    entropy,
    exact_multinomial,
    goodness_of_fit,
    kolmogorov_smirnov,
    spearman,
)
from sygra_eval.quality.gates import (
    GateOutcome,
    GateState,
    broken,
    judged_agreement,
    judged_changes,
    judged_errors,
    judged_metric,
    judged_shares,
    outcome_from_json,
    skipped,
)
from sygra_eval.quality.kernels import (
    chi_square_above,
    incomplete_beta,
    normal_quantile,
    t_quantile,
)
from sygra_eval.quality.means import (
    FEWEST_CLUSTERS,
    Estimate,
    clustered_mean,
    clustered_rate,
    mean_of,
    mean_t,
    rate_of_clusters,
)
from sygra_eval.quality.paired import (
    McNemar,
    chance_to_see,
    change_of_rate,
    mcnemar,
    smallest_change_of_mean,
    smallest_change_of_rate,
)
from sygra_eval.quality.pass_rate import (
    DIFFICULTIES,
    Difficulty,
    difficulty_of,
    pass_at_k,
    pass_hat_k,
)
from sygra_eval.quality.plain_files import side_of_file
from sygra_eval.quality.raters import Agreement, Raters, Rating, agreement_from_json
from sygra_eval.quality.rates import clopper_pearson, newcombe
from sygra_eval.quality.resampling import (
    bootstrap,
    bootstrap_mean,
    quantile,
    seed_of,
    sign_flip_test,
    two_sample_permutation,
)
from sygra_eval.quality.sides import (
    FIRST_VERSION,
    Facts,
    Figure,
    Measuring,
    RowValues,
    Side,
    Spending,
    StepTime,
    figure_of,
    question_of,
    shown,
)
from sygra_eval.quality.similarity import lsh_probability, vendi_score
from sygra_eval.quality.totals import FEWEST_ROWS, total_of
from sygra_eval.values import Interval, wilson

__all__ = [
    "DIFFICULTIES",
    "FEWEST_CLUSTERS",
    "FEWEST_ROWS",
    "FIRST_VERSION",
    "Against",
    "Agreement",
    "Change",
    "ChangeVerdict",
    "Comparison",
    "Differing",
    "Difficulty",
    "Estimate",
    "Facts",
    "Figure",
    "Flip",
    "Flips",
    "GateOutcome",
    "GateState",
    "Interval",
    "Kappa",
    "Level",
    "McNemar",
    "Measuring",
    "Raters",
    "Rating",
    "RowValues",
    "Rules",
    "Side",
    "Spending",
    "StepTime",
    "Unmatched",
    "Weights",
    "agreement_from_json",
    "alpha_interval",
    "baseline_files",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_mean",
    "broken",
    "chance_to_see",
    "change_of_rate",
    "chi_square_above",
    "chosen",
    "clopper_pearson",
    "clustered_mean",
    "clustered_rate",
    "cohen_kappa",
    "cohen_kappa_of",
    "compare",
    "compare_several",
    "contingency",
    "differing_settings",
    "difficulty_of",
    "entropy",
    "exact_multinomial",
    "figure_of",
    "fleiss_kappa",
    "goodness_of_fit",
    "holm",
    "incomplete_beta",
    "is_baseline",
    "judged_agreement",
    "judged_changes",
    "judged_errors",
    "judged_metric",
    "judged_shares",
    "kolmogorov_smirnov",
    "krippendorff_alpha",
    "lsh_probability",
    "mcnemar",
    "mean_of",
    "mean_t",
    "newcombe",
    "normal_quantile",
    "outcome_from_json",
    "pass_at_k",
    "pass_hat_k",
    "quantile",
    "question_of",
    "rate_of_clusters",
    "read_baseline",
    "seed_of",
    "settings_in",
    "shown",
    "side_of_file",
    "sign_flip_test",
    "skipped",
    "smallest_change_of_mean",
    "smallest_change_of_rate",
    "spearman",
    "t_quantile",
    "total_of",
    "two_sample_permutation",
    "vendi_score",
    "wilson",
]
