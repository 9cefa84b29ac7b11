"""How many answers to a question pass: what several tries are worth, and how hard it is."""

import math
from enum import StrEnum


class Difficulty(StrEnum):
    """The band of a row's pass rate."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    UNSOLVED = "unsolved"


EASY_ABOVE, HARD_BELOW = 0.8, 0.2
DIFFICULTIES = tuple(Difficulty)


def difficulty_of(passed: int, drawn: int) -> Difficulty | None:
    """Return the band: none passed is unsolved, below 0.2 hard, above 0.8 easy.

    :returns: None where no answer was judged.
    """
    if drawn == 0:
        return None
    if passed == 0:
        return Difficulty.UNSOLVED
    rate = passed / drawn
    if rate > EASY_ABOVE:
        return Difficulty.EASY
    return Difficulty.HARD if rate < HARD_BELOW else Difficulty.MEDIUM


def pass_at_k(drawn: int, passed: int, k: int) -> float | None:
    """Return the unbiased estimate that one of `k` answers passes, from `drawn` of one question.

    Source: Chen et al., Evaluating Large Language Models Trained on Code, arXiv 2107.03374.

    :returns: None where fewer than `k` were drawn.
    """
    if not 0 <= passed <= drawn or k < 1:
        raise ValueError(f"{passed} of {drawn} answers, k = {k}")
    if k > drawn:
        return None
    return 1 - math.comb(drawn - passed, k) / math.comb(drawn, k)


def pass_hat_k(drawn: int, passed: int, k: int) -> float | None:
    """Return the unbiased estimate that all of `k` answers pass, from `drawn` of one question.

    Source: Yao et al., tau-bench, arXiv 2406.12045.

    :returns: None where fewer than `k` were drawn.
    """
    if not 0 <= passed <= drawn or k < 1:
        raise ValueError(f"{passed} of {drawn} answers, k = {k}")
    if k > drawn:
        return None
    return math.comb(passed, k) / math.comb(drawn, k)
