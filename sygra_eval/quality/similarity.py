"""What is known in closed form of finding similar rows, and how many different ones there are."""

import math
from collections.abc import Sequence


def lsh_probability(similarity: float, bands: int, rows: int) -> float:
    """Return how likely two rows of a Jaccard similarity become candidates of MinHash-LSH.

    Source: J. Leskovec, A. Rajaraman and J. D. Ullman, Mining of Massive Datasets, 2nd ed. (2014),
    3.4.2: of `bands` bands with `rows` hashes each, one agrees as a whole.
    """
    if not 0 <= similarity <= 1 or bands < 1 or rows < 1:
        raise ValueError(f"similarity {similarity}, {bands} bands of {rows} rows")
    return 1 - (1 - similarity**rows) ** bands


def vendi_score(kernel: Sequence[Sequence[float]]) -> float | None:
    """Return the effective number of different rows.

    Source: D. Friedman and A. B. Dieng, The Vendi score, arXiv 2210.02410: the exponential of the
    entropy of the eigenvalues of the similarities divided by their number.

    :param kernel: Similarity of each row to each, with 1 of a row to itself.
    :returns: None without rows.
    """
    if not kernel:
        return None
    import numpy as np  # heavy, and eigenvalues are nothing to write oneself

    values = np.linalg.eigvalsh(np.array(kernel, dtype=float) / len(kernel))
    return math.exp(-math.fsum(one * math.log(one) for one in values.tolist() if one > 1e-15))
