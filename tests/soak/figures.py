"""Numbers for the report: percentiles, and the slope of a series of samples with its confidence."""

import math
import statistics

BLOCKS = 24
# Student's t for 95 % and BLOCKS - 2 degrees of freedom.
T_QUANTILE = 2.074


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.nan


def slope(samples):
    """Least squares over (seconds, value): the rise a second, and half the width of its 95 % interval. Means of blocks
    take the place of samples, which follow each other too closely to be independent."""
    size = len(samples) // BLOCKS
    if size == 0:
        return math.nan, math.inf
    blocks = [samples[i * size:(i + 1) * size] for i in range(BLOCKS)]
    x = [statistics.fmean(t for t, _ in block) for block in blocks]
    y = [statistics.fmean(v for _, v in block) for block in blocks]
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    spread = sum((t - mean_x) ** 2 for t in x)
    rise = sum((t - mean_x) * (v - mean_y) for t, v in zip(x, y)) / spread
    rest = sum((v - mean_y - rise * (t - mean_x)) ** 2 for t, v in zip(x, y))
    return rise, T_QUANTILE * math.sqrt(rest / (BLOCKS - 2) / spread)
