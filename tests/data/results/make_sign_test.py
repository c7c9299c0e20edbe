#!/usr/bin/env python3
"""Writes sign_test.json: ranks, coverages and repeated looks, computed independently of core/results:
with SciPy's distributions, and the looks by enumerating walks as whole-number counts of paths."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.stats import beta, binom, norm


def intervals():
    rows = []
    for alpha in (0.05, 0.025, 0.01):
        for n in (1, 5, 6, 7, 8, 9, 10, 11, 15, 20, 25, 40, 100, 333):
            rank = 0
            while 2 * (rank + 1) <= n and 2 * binom.cdf(rank, n, 0.5) <= alpha:
                rank += 1
            coverage = 1 - 2 * binom.cdf(rank - 1, n, 0.5) if rank else 0.0
            rows.append({"n": n, "alpha": alpha, "rank": rank, "coverage": coverage})
    return rows


def looks(least, most, alpha):
    """Paths of +-1 steps, counted exactly; those that leave [rank, n - rank] at a look are gone."""
    counts = list(range(least, most, 2)) + [most]
    paths, steps, spent, ranks = {0: 1}, 0, Fraction(0), []
    for look in counts:
        while steps < look:
            after = {}
            for k, number in paths.items():
                after[k] = after.get(k, 0) + number
                after[k + 1] = after.get(k + 1, 0) + number
            paths, steps = after, steps + 1
        allowed = Fraction(alpha) * look / most - spent

        def outside(rank):
            return Fraction(sum(v for k, v in paths.items() if k < rank or k > look - rank), 2**look)

        rank = 0
        while 2 * (rank + 1) <= look and outside(rank + 1) <= allowed:
            rank += 1
        spent += outside(rank)
        paths = {k: v for k, v in paths.items() if rank <= k <= look - rank}
        ranks.append(rank)
    return {"least": least, "most": most, "alpha": alpha, "counts": counts, "ranks": ranks,
            "spent": float(spent)}


def detectable():
    """MAD-based spread of fixed samples, and the change that would be found nine times in ten."""
    rows = []
    for seed, n, rank, margin in ((1, 10, 1, 0.02), (2, 20, 6, 0.02), (3, 40, 12, 0.05), (4, 10, 2, 0.0)):
        values = np.random.default_rng(seed).normal(0.004, 0.02, n)
        sd = 1.4826 * n / (n - 0.8) * np.median(np.abs(values - np.median(values)))
        by_interval = -sd * norm.ppf(beta.ppf(0.1, rank, n + 1 - rank))
        by_median = np.log1p(margin) + sd * np.sqrt(np.pi / (2 * n)) * norm.ppf(0.9)
        rows.append({"values": values.tolist(), "rank": rank, "margin": margin,
                     "detectable": float(max(by_interval, by_median))})
    return rows


data = {
    "intervals": intervals(),
    "looks": [looks(10, 40, a) for a in (0.05, 0.025, 0.0125)] + [looks(6, 6, 0.05), looks(7, 12, 0.05)],
    "detectable": detectable(),
    "binomial": [{"n": n, "k": k, "p": p, "at_most": float(binom.cdf(k, n, p))}
                 for n, k, p in ((10, 0, 0.5), (10, 3, 0.2), (40, 12, 0.5), (40, 39, 0.99), (500, 230, 0.45))],
}
Path(__file__).with_name("sign_test.json").write_text(json.dumps(data, indent=1) + "\n")
