"""The arithmetic of the compiled Hessian for a hidden layer that is a convolution, pooled or not.

The notation is that of `hessian.py`, but each value a_m that enters the second layer is the mean over some windows l of
the activations of one channel c(m). With x_l the patch in window l and s_l the slope there, the derivatives D_m of a_m
in the weights of its channel are the means of s_l x_l, and the derivatives of the outputs are J_k = sum over m of
W_km D_m. The second derivatives are sums over samples of

    first x first    (c, i), (c', i'):   sum_kl C_kl J_k,ci J_l,c'i' + (c = c') sum_l f''_l (dE/da_l) x_li x_li'
    second x first   (k, m), (c, i):     a_m sum_l C_kl J_l,ci + (c = c(m)) g_k D_mi
    second x second  (k, m), (l, m'):    C_kl a_m a_m'

Shapes: W walkers, N samples, O channels, L windows, M rows that enter the second layer, each the mean of A hidden rows,
K outputs, B samples of a block, D numbers of a patch with the one for the bias.
"""

from typing import NamedTuple

import numpy as np

from landscape.numerics.compilation import entry, inlined, reordered
from landscape.numerics.lapack import add_product
from landscape.numerics.vectors import copy_rows
from landscape.problems.activations import Bend
from landscape.problems.kernels.arguments import Plain
from landscape.problems.kernels.hessian import multiply_pairs, place, scatter_second, write
from landscape.problems.kernels.losses import loss_curvature

Array = np.ndarray


class Windows(NamedTuple):
    """Samples as patches of the hidden layer's windows, zero where there is no sample."""

    patches: Array  # [N / B, D, L B]: the numbers of a patch, followed by a one
    products: Array  # [N / B, D (D + 1) / 2, L B]: products of all pairs of rows of `patches`
    encoded: Array  # targets [N / B, K, B]
    real: Array  # [N / B, B], see `Blocks`
    sources: Array  # int64[M, A]: rows of the hidden layer, (channel, window), of which an entering row is the mean
    channels: int  # O
    n_samples: int  # N
    loss: int  # kind, see `kernels.losses`


@inlined
def _named(plain: Plain) -> Windows:
    return Windows(*plain)


@entry
@reordered
def hessians_of_windows(
    weights: Array, windows: Plain, trace: tuple[Array, Array, Array], bend: Bend, l2: float, out: Array
) -> None:
    """Writes the Hessians [W, P, P] of mean loss + l2 * sum(theta^2).

    `weights` [W, K, M] are those of the second layer; `windows` are plain `Windows`. `trace` holds values and slopes of
    the hidden layer, followed by those of pooling, each [W, N / B, rows, B], and g [W, N / B, K, B]. `bend` is that of
    the activation, f'' = s (c0 + c1 a + c2 s).
    """
    named = _named(windows)
    values, slopes, gradients = trace
    channels, entering, share = named.channels, len(named.sources), 1.0 / named.n_samples
    blocks, depth, width = named.patches.shape
    _, classes, columns = named.encoded.shape
    units, numbers = channels * width // columns, channels * depth
    no_weights, no_rows = np.zeros((classes, 0)), np.zeros((0, columns))
    inner = np.zeros((classes * (classes + 1) // 2, columns))
    own, jacobian = np.zeros((entering * depth, columns)), np.zeros((numbers, classes * columns))
    flow, bent = np.zeros((numbers, classes * columns)), np.zeros((channels, width))
    above, pairs = np.ones((entering + 1, columns)), np.zeros(((entering + 1) * (entering + 2) // 2, columns))
    for w in range(len(out)):
        first, curved = np.zeros((numbers, numbers)), np.zeros((channels, named.products.shape[1]))
        cross, corner = np.zeros((numbers * classes, entering + 1)), np.zeros((classes, entering * depth))
        second = np.zeros((len(inner), len(pairs)))
        for block in range(blocks):
            a, s, g = values[w, block, :units], slopes[w, block, :units], gradients[w, block]
            encoded, real = named.encoded[block], named.real[block]
            copy_rows(values[w, block, values.shape[2] - entering :], above[:entering])
            loss_curvature(named.loss, no_weights, no_rows, g, encoded, real, no_rows, no_rows, inner)
            _entering_derivatives(s, named.patches[block], named.sources, own)
            _jacobian(weights[w], own, channels, jacobian)
            _times_curvature(inner, classes, jacobian, flow)
            _bent(weights[w], g, (a, s), bend, named.sources, bent)
            multiply_pairs(above[:entering], pairs)
            add_product(jacobian, flow.T, first)
            add_product(bent, named.products[block].T, curved)
            add_product(flow.reshape(numbers * classes, columns), above.T, cross)
            add_product(g, own.T, corner)
            add_product(inner, pairs.T, second)
        _scatter_first(first, curved, depth, share, out[w])
        _scatter_cross(cross, corner, (channels, classes, depth), share, out[w])
        scatter_second(second, entering, classes, numbers, share, out[w])
        for p in range(out.shape[1]):
            out[w, p, p] += 2.0 * l2


@reordered
def _entering_derivatives(s: Array, patches: Array, sources: Array, own: Array) -> None:
    """Writes D_m into own [M D, B]."""
    depth, columns = len(patches), s.shape[1]
    area, places = sources.shape[1], patches.shape[1] // columns
    share = 1.0 / area
    own[:] = 0.0
    for m in range(len(sources)):
        for source in sources[m]:
            slope, start = s[source], source % places * columns
            for i in range(depth):
                row, x = own[m * depth + i], patches[i, start : start + columns]
                for j in range(columns):
                    row[j] += share * slope[j] * x[j]


@reordered
def _jacobian(weights: Array, own: Array, channels: int, jacobian: Array) -> None:
    """Writes J_k into jacobian [O D, K B]."""
    (classes, entering), columns = weights.shape, own.shape[1]
    depth, each = len(own) // entering, entering // channels
    jacobian[:] = 0.0
    for channel in range(channels):
        for i in range(depth):
            for k in range(classes):
                row = jacobian[channel * depth + i, k * columns : (k + 1) * columns]
                for m in range(channel * each, (channel + 1) * each):
                    weight, derivative = weights[k, m], own[m * depth + i]
                    for j in range(columns):
                        row[j] += weight * derivative[j]


@reordered
def _times_curvature(inner: Array, classes: int, jacobian: Array, flow: Array) -> None:
    """Writes sum over l of C_kl J_l into flow, in the shape of `jacobian`; inner [K (K + 1) / 2, B] holds C."""
    columns = inner.shape[1]
    flow[:] = 0.0
    for p in range(len(jacobian)):
        row = 0
        for k in range(classes):
            left, to_left = jacobian[p, k * columns : (k + 1) * columns], flow[p, k * columns : (k + 1) * columns]
            for l in range(k, classes):  # noqa: E741 - the index of the formula
                c = inner[row]
                right, to_right = jacobian[p, l * columns : (l + 1) * columns], flow[p, l * columns : (l + 1) * columns]
                for j in range(columns):
                    to_left[j] += c[j] * right[j]
                if l > k:
                    for j in range(columns):
                        to_right[j] += c[j] * left[j]
                row += 1


@reordered
def _bent(weights: Array, g: Array, units: tuple[Array, Array], bend: Bend, sources: Array, bent: Array) -> None:
    """Writes f'' dE/da of all windows into bent [O, L B]."""
    (values, slopes), (c0, c1, c2) = units, bend
    columns, width = g.shape[1], bent.shape[1]
    share, gradient = 1.0 / sources.shape[1], np.empty(columns)
    bent[:] = 0.0
    for m in range(len(sources)):
        gradient[:] = 0.0
        for k in range(len(g)):
            weight, delta = share * weights[k, m], g[k]
            for j in range(columns):
                gradient[j] += weight * delta[j]
        for source in sources[m]:
            a, s, start = values[source], slopes[source], source * columns
            row = bent[start // width, start % width : start % width + columns]
            for j in range(columns):
                row[j] += s[j] * (c0 + c1 * a[j] + c2 * s[j]) * gradient[j]


@reordered
def _scatter_first(first: Array, curved: Array, depth: int, share: float, out: Array) -> None:
    """Writes the first x first block, multiplied by `share`; curved [O, D (D + 1) / 2] are its terms with f''."""
    channels = len(curved)
    for row in range(len(first)):
        left = place(row // depth, row % depth, channels, depth - 1, 0)
        for column in range(row, len(first)):
            right = place(column // depth, column % depth, channels, depth - 1, 0)
            write(out, left, right, share * first[row, column])
    for channel in range(channels):
        entry = 0
        for i in range(depth):
            for e in range(i, depth):
                left, right = place(channel, i, channels, depth - 1, 0), place(channel, e, channels, depth - 1, 0)
                write(out, left, right, out[left, right] + share * curved[channel, entry])
                entry += 1


@reordered
def _scatter_cross(cross: Array, corner: Array, shape: tuple[int, int, int], share: float, out: Array) -> None:
    """Writes the second x first block, multiplied by `share`.

    `cross` [O D K, M + 1] is the first of its two terms; the last column belongs to the biases of the second layer.
    `corner` [K, M D] is the second term, between an entering row and the weights of its own channel. `shape` is
    (O, K, D).
    """
    channels, classes, depth = shape
    entering, numbers = cross.shape[1] - 1, channels * depth
    for p in range(numbers):
        channel, i = divmod(p, depth)
        below = place(channel, i, channels, depth - 1, 0)
        for k in range(classes):
            for m in range(entering + 1):
                found = cross[p * classes + k, m]
                if m < entering and m * channels // entering == channel:
                    found += corner[k, m * depth + i]
                write(out, place(k, m, classes, entering, numbers), below, share * found)
