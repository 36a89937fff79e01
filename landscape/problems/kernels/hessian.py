"""The arithmetic of the compiled Hessian: exact, for networks of one dense hidden layer.

With x the inputs and a the hidden values, each with a one appended, s and f'' the first two derivatives of the
activation, g the gradient and C the Hessian of the loss in the outputs, W the second layer's weights, the second
derivatives are sums over samples of (Bishop 1992, "Exact calculation of the Hessian matrix for the MLP")

    first x first    (h, i), (h', i'):   [s_h s_h' (W'CW)_hh' + (h = h') f''_h (W'g)_h] x_i x_i'
    second x first   (l, h), (h', i'):   [a_h (CW)_lh' s_h' + (h = h') g_l s_h'] x_i'
    second x second  (k, h), (l, h'):    C_kl a_h a_h'

Each block is one matrix product of rows along the samples; only the rows x_i x_i' are the same for all walkers.

Shapes: W walkers, P parameters, N samples, d inputs, H hidden units, K outputs, B samples of a block, D = d + 1.
"""

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.lapack import add_product
from landscape.numerics.vectors import copy, copy_rows
from landscape.problems.activations import Bend
from landscape.problems.kernels.losses import loss_curvature

Array = np.ndarray


@entry
@reordered
def hessians(
    weights: Array,
    data: tuple[Array, Array, int],
    trace: tuple[Array, Array, Array],
    bend: Bend,
    loss: tuple[int, Array],
    l2: float,
    out: Array,
) -> None:
    """Writes the Hessians [W, P, P] of mean loss + l2 * sum(theta^2).

    `weights` [W, K, H] are those of the second layer. `data` are x [N / B, D, B], its products
    [N / B, D (D + 1) / 2, B], both zero where there is no sample, and N. `trace` holds a without its one and s, each
    [W, N / B, H, B], and g [W, N / B, K, B]. `bend` is that of the activation, f'' = s (c0 + c1 a + c2 s). `loss` is
    the kind of the loss and the encoded targets [N / B, K, B].
    """
    x, products, samples = data
    value, slope, gradient = trace
    kind_of_loss, encoded = loss
    blocks, features, columns = x.shape
    hidden, classes = slope.shape[2], gradient.shape[2]
    flow, root = np.zeros((classes * hidden, columns)), np.zeros((classes * hidden, columns))
    bent = np.zeros((hidden * (hidden + 1) // 2, columns))
    bends = np.zeros((classes * hidden, columns))
    values = np.zeros(((hidden + 1) * features, columns))
    inner = np.zeros((classes * (classes + 1) // 2, columns))
    pairs = np.zeros(((hidden + 1) * (hidden + 2) // 2, columns))
    for w in range(len(out)):
        first = np.zeros((len(bent), products.shape[1]))
        cross, corner = np.zeros((len(flow), len(values))), np.zeros((len(flow), features))
        second = np.zeros((len(inner), len(pairs)))
        for block in range(blocks):
            a, s, g = value[w, block], slope[w, block], gradient[w, block]
            real = x[block, features - 1]
            loss_curvature(kind_of_loss, weights[w], s, g, encoded[block], real, flow, root, inner)
            _curve(weights[w], root, g, (a, s), bend, bent)
            _multiply(a, x[block], values)
            copy_rows(x[block], values[hidden * features :])
            _multiply(g, s, bends)
            multiply_pairs(a, pairs)
            add_product(bent, products[block].T, first)
            add_product(flow, values.T, cross)
            add_product(bends, x[block].T, corner)
            add_product(inner, pairs.T, second)
        _add_corner(corner, hidden, cross)
        _scatter_first(first, hidden, features, 1.0 / samples, out[w])
        _scatter_cross(cross, hidden, classes, features, 1.0 / samples, out[w])
        scatter_second(second, hidden, classes, hidden * features, 1.0 / samples, out[w])
        for p in range(out.shape[1]):
            out[w, p, p] += 2.0 * l2


@reordered
def _curve(
    weights: Array,
    root: Array,
    g: Array,
    units: tuple[Array, Array],
    bend: Bend,
    bent: Array,
) -> None:
    """Writes s W'CW s, plus f'' W'g where h = h', into `bent` [H (H + 1) / 2, B]."""
    classes, hidden = weights.shape
    (values, slopes), (c0, c1, c2) = units, bend
    row = 0
    for h in range(hidden):
        a, s = values[h], slopes[h]
        for other in range(h, hidden):
            out = bent[row]
            out[:] = 0.0
            for k in range(classes):
                left, right = root[k * hidden + h], root[k * hidden + other]
                for j in range(bent.shape[1]):
                    out[j] += left[j] * right[j]
                if h == other:
                    for j in range(bent.shape[1]):
                        out[j] += s[j] * (c0 + c1 * a[j] + c2 * s[j]) * weights[k, h] * g[k, j]
            row += 1


@reordered
def _multiply(left: Array, right: Array, out: Array) -> None:
    """Writes the products of rows of left [L, B] and of right [R, B] into the leading L R rows of out."""
    for i in range(len(left)):
        for k in range(len(right)):
            row = out[i * len(right) + k]
            for j in range(out.shape[1]):
                row[j] = left[i, j] * right[k, j]


@reordered
def _add_corner(corner: Array, hidden: int, cross: Array) -> None:
    """Adds the terms g_l s_h' x_i' of h = h', `corner` [K H, D], to `cross` [K H, (H + 1) D]."""
    features = corner.shape[1]
    for row in range(len(corner)):
        own = row % hidden * features
        for i in range(features):
            cross[row, own + i] += corner[row, i]


@reordered
def multiply_pairs(a: Array, pairs: Array) -> None:
    """Writes a_h a_h', h <= h' <= H, into `pairs`, where a_H = 1."""
    hidden, row = len(a), 0
    for h in range(hidden + 1):
        for other in range(h, hidden + 1):
            out = pairs[row]
            if h == hidden:
                out[:] = 1.0
            elif other == hidden:
                copy(a[h], out)
            else:
                for j in range(a.shape[1]):
                    out[j] = a[h, j] * a[other, j]
            row += 1


@reordered
def place(unit: int, entry: int, units: int, fan_in: int, start: int) -> int:
    """Index in theta of the weight of a unit for input `entry`, or of its bias (entry = fan_in)."""
    return start + (unit * fan_in + entry if entry < fan_in else units * fan_in + unit)


@reordered
def _scatter_first(first: Array, hidden: int, features: int, share: float, out: Array) -> None:
    """Writes share times the first x first block in network order, both triangles."""
    inputs, row = features - 1, 0
    for h in range(hidden):
        for other in range(h, hidden):
            column = 0
            for i in range(features):
                for e in range(i, features):
                    found = share * first[row, column]
                    write(out, place(h, i, hidden, inputs, 0), place(other, e, hidden, inputs, 0), found)
                    write(out, place(h, e, hidden, inputs, 0), place(other, i, hidden, inputs, 0), found)
                    column += 1
            row += 1


@reordered
def _scatter_cross(cross: Array, hidden: int, classes: int, features: int, share: float, out: Array) -> None:
    for k in range(classes):
        for other in range(hidden):
            for h in range(hidden + 1):
                above = place(k, h, classes, hidden, hidden * features)
                for i in range(features):
                    found = share * cross[k * hidden + other, h * features + i]
                    write(out, above, place(other, i, hidden, features - 1, 0), found)


@reordered
def scatter_second(second: Array, hidden: int, classes: int, start: int, share: float, out: Array) -> None:
    """Writes share times the second x second block, which begins at `start`, in network order, both triangles."""
    row = 0
    for k in range(classes):
        for l in range(k, classes):  # noqa: E741 - the index of the formula
            column = 0
            for h in range(hidden + 1):
                for other in range(h, hidden + 1):
                    found = share * second[row, column]
                    write(out, place(k, h, classes, hidden, start), place(l, other, classes, hidden, start), found)
                    write(out, place(k, other, classes, hidden, start), place(l, h, classes, hidden, start), found)
                    column += 1
            row += 1


@reordered
def write(out: Array, row: int, column: int, value: float) -> None:
    """Writes a second derivative into both triangles."""
    out[row, column] = value
    out[column, row] = value
