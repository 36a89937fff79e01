"""All statistics of a table of correlations, in the order of its columns."""

from landscape.statistics.kendall import KENDALL
from landscape.statistics.rank_statistics import PARTIAL, SPEARMAN, WEIGHTED
from landscape.statistics.statistic import Statistic

STATISTICS: tuple[Statistic, ...] = (SPEARMAN, KENDALL, PARTIAL, WEIGHTED)
