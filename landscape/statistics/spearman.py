"""Spearman's rho, plain, partial or weighted, with its standard error, where rows count as often as a resample says.

With u and v the ranks of the two sides less what the controls explain, scaled to sum_i w_i u_i^2 = 1, rho is the sum of
w_i u_i v_i, w_i the weight of row i times its count c_i. The standard error is that of the infinitesimal jackknife, the
root of sum_i c_i (d rho / d c_i)^2 (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch. 6). More
of row k changes rho as it changes Pearson's r, and by moving the ranks r_i of all rows above it:

    d rho / d w_k = u_k v_k - rho (u_k^2 + v_k^2) / 2 + sum_i w_i (v_i - rho u_i) d u_i / d w_k + the same for v,
    d r_i / d w_k = (H_ik - r_i - 1/2) / W,    H_ik = 1, 1/2, 0 where row i lies above, beside, below row k,

W the weight of the stratum; ranks of controls move as well. Resamples are drawn within strata, and so is the variance
taken: about the mean of each stratum, times m / (m - 1) for its m rows (Cochran, Sampling Techniques, ch. 5).

Shapes: n rows, A, B and F columns of x, y and controls, C columns of any, S strata, k resamples.
"""

import math

import numpy as np

from landscape.numerics.compilation import exact

Side = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
EXPLAINED = 1e-10  # squared residuals over squared ranks below which nothing is left to correlate


@exact
def rhos_and_variances(
    x: np.ndarray, y: np.ndarray, controls: np.ndarray, stratum: np.ndarray, weights: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rho [k, A, B] and its variance [k, A, B]; NaN where rho is undefined.

    From numbers int64 of the different values of columns [A, n], [B, n] and [F, n], below n, rising with the value and
    from stratum to stratum; strata int64 [n], rising from 0; weights [n] and counts [k, n].
    """
    shape = (len(counts), len(x), len(y))
    rho, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    moved, sums = np.zeros((2, len(stratum))), np.zeros((5, stratum[-1] + 1))
    for k in range(len(counts)):
        weight = weights * counts[k]
        held = _held(controls, stratum, weight)
        side_x = _side(x, controls, held, stratum, weight)
        side_y = _side(y, controls, held, stratum, weight)
        for a in range(len(x)):
            for b in range(len(y)):
                if side_x[2][a] > 0.0 and side_y[2][b] > 0.0:
                    rho[k, a, b] = _rho(weight, side_x[0][a], side_y[0][b])
                    _sum_below(x[a], side_y[1][b], moved[0])
                    _sum_below(y[b], side_x[1][a], moved[1])
                    _add_moved(rho[k, a, b], side_x, side_y, a, b, moved)
                    variance[k, a, b] = _variance(
                        rho[k, a, b], side_x[0][a], side_y[0][b], moved[0], stratum, weights, counts[k], sums
                    )
    return rho, variance


@exact
def _rho(weight: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """Rho of scaled ranks [n]; what rounding left of their scale is divided out, so that rho of equal ranks is 1."""
    rho = _product(weight, u, v) / math.sqrt(_product(weight, u, u) * _product(weight, v, v))
    return min(max(rho, -1.0), 1.0)


@exact
def _held(controls: np.ndarray, stratum: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks [F, n] of the controls and the inverse [F, F] of their covariances, 0 for what others before explain."""
    ranks = _ranks(controls, stratum, weight)
    inverse = np.zeros((len(ranks), len(ranks)))
    for f in range(len(ranks)):
        for g in range(len(ranks)):
            inverse[f, g] = _product(weight, ranks[f], ranks[g])
    for p in range(len(ranks)):  # Gauss and Jordan
        pivot = inverse[p, p]
        own = _product(weight, ranks[p], ranks[p])
        for i in range(len(ranks)):
            inverse[p, i] = inverse[p, i] / pivot if pivot > EXPLAINED * own else 0.0
        for i in range(len(ranks)):
            if i != p:
                factor = inverse[i, p]
                for g in range(len(ranks)):
                    inverse[i, g] -= factor * inverse[p, g]
                inverse[i, p] = -factor / pivot if pivot > EXPLAINED * own else 0.0
        inverse[p, p] = 1.0 / pivot if pivot > EXPLAINED * own else 0.0
    return ranks, inverse


@exact
def _side(
    groups: np.ndarray,
    controls: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    stratum: np.ndarray,
    weight: np.ndarray,
) -> Side:
    """The parts of one side.

    They are u [C, n], its part of the stratum's weight [C, n], one over the norm of the residual ranks [C] (0 where
    nothing is left), slopes on the controls [C, F], and what u moves in its own column [C, n] and in controls
    [C, F, n].
    """
    u = _ranks(groups, stratum, weight)
    columns, n = u.shape
    scale, slopes, part = np.zeros(columns), np.zeros((columns, len(controls))), np.zeros((columns, n))
    own, by_control = np.zeros((columns, n)), np.zeros((columns, len(controls), n))
    mass = _mass(stratum, weight)
    for c in range(columns):
        whole = _product(weight, u[c], u[c])
        for f in range(len(controls)):
            slopes[c] += held[1][f] * _product(weight, u[c], held[0][f])
        for f in range(len(controls)):
            u[c] -= slopes[c, f] * held[0][f]
        left = _product(weight, u[c], u[c])
        if left > EXPLAINED * max(whole, 1.0 / n):
            scale[c] = 1.0 / np.sqrt(left)
            u[c] *= scale[c]
            slopes[c] *= scale[c]
            for i in range(n):
                part[c, i] = weight[i] * u[c, i] / mass[stratum[i]] if weight[i] > 0.0 else 0.0
            _sum_below(groups[c], part[c], own[c])
            own[c] *= scale[c]
            for f in range(len(controls)):
                _sum_below(controls[f], part[c], by_control[c, f])
                own[c] -= slopes[c, f] * by_control[c, f]
    return u, part, scale, slopes, own, by_control


@exact
def _add_moved(rho: float, side_x: Side, side_y: Side, a: int, b: int, moved: np.ndarray) -> None:
    """Into moved[0] what the moving ranks do to rho, but for a constant in each stratum, from moved [2, n]: what v
    moves in x and u in y.
    """
    _, _, scale_x, slopes_x, own_x, control_x = side_x
    _, _, scale_y, slopes_y, own_y, control_y = side_y
    for i in range(moved.shape[1]):
        moved[0, i] = rho * (own_x[a, i] + own_y[b, i]) - scale_x[a] * moved[0, i] - scale_y[b] * moved[1, i]
        for f in range(slopes_x.shape[1]):
            moved[0, i] += slopes_x[a, f] * control_y[b, f, i] + slopes_y[b, f] * control_x[a, f, i]


@exact
def _variance(
    rho: float,
    u: np.ndarray,
    v: np.ndarray,
    moved: np.ndarray,
    stratum: np.ndarray,
    weights: np.ndarray,
    counts: np.ndarray,
    sums: np.ndarray,
) -> float:
    """Variance of rho from u, v, what the moving ranks do, weights and counts, all [n]; sums [5, S] is room."""
    sums[:] = 0.0
    rows, mass, mean, total, squares = sums
    for i in range(len(stratum)):
        mass[stratum[i]] += weights[i] * counts[i]
        mean[stratum[i]] += weights[i] * counts[i] * moved[i]
    for i in range(len(stratum)):
        s = stratum[i]
        if mass[s] > 0.0:
            change = u[i] * v[i] - rho * (u[i] * u[i] + v[i] * v[i]) / 2.0 + moved[i] - mean[s] / mass[s]
            rows[s] += counts[i]
            total[s] += counts[i] * weights[i] * change
            squares[s] += counts[i] * (weights[i] * change) ** 2
    variance = 0.0
    for s in range(len(rows)):
        if rows[s] > 1.0:
            variance += max(squares[s] - total[s] ** 2 / rows[s], 0.0) * rows[s] / (rows[s] - 1.0)
    return variance


@exact
def _ranks(groups: np.ndarray, stratum: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Ranks [C, n] within strata in parts of the stratum's weight, with mean 0."""
    mass = _mass(stratum, weight)
    middle = np.cumsum(mass) - mass / 2.0
    ranks = np.zeros(groups.shape)
    for c in range(len(groups)):
        _sum_below(groups[c], weight, ranks[c])
        for i in range(len(stratum)):
            s = stratum[i]
            ranks[c, i] = (ranks[c, i] - middle[s]) / mass[s] if mass[s] > 0.0 else 0.0
    return ranks


@exact
def _mass(stratum: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights [S] of the strata."""
    mass = np.zeros(stratum[-1] + 1)
    for i in range(len(stratum)):
        mass[stratum[i]] += weight[i]
    return mass


@exact
def _sum_below(groups: np.ndarray, values: np.ndarray, found: np.ndarray) -> None:
    """Into found [n], for each row, the sum of the values [n] of rows of lower groups and half of that of its own."""
    sums = np.zeros(len(groups))
    for i in range(len(groups)):
        sums[groups[i]] += values[i]
    below = 0.0
    for group in range(len(groups)):
        here = sums[group]
        sums[group] = below + here / 2.0
        below += here
    for i in range(len(groups)):
        found[i] = sums[groups[i]]


@exact
def _product(weight: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """Sum of the products of weights, u and v, all [n]."""
    total = 0.0
    for i in range(len(weight)):
        total += weight[i] * u[i] * v[i]
    return total
