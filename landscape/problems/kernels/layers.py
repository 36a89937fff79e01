"""Layers of one walker for a block of samples, for compiled code.

Small layers are loops over samples, large ones calls of the BLAS. A dense layer has a column for each sample, a
convolution one for each position and sample; otherwise they are the same. Blocks are padded to a multiple of the vector
length so that no loop has a remainder. Shapes: P parameters, I numbers that enter a unit, O units or channels, B
samples of a block, including padding, or columns; arrays are [rows, B], the samples contiguous.
"""

import numpy as np

from landscape.numerics.compilation import reordered
from landscape.numerics.lapack import add_product, write_product
from landscape.problems.kernels.activations import activate
from landscape.problems.kernels.arguments import Layers
from landscape.problems.kernels.windows import gather

Array = np.ndarray

BLAS_FROM = 100  # weights of a layer from which a call of the BLAS is faster than loops; measured on iris and digits


@reordered
def count_units(sizes: Array) -> tuple[int, int]:
    """The number of units of all layers, the inputs among them, and that of the widest one."""
    units, widest = 0, 0
    for size in sizes:
        units += size
        widest = max(widest, size)
    return units, widest


@reordered
def combine(weights: Array, turned: bool, shift: Array, rows: Array, out: Array) -> None:
    """Writes weights [O, I] times rows [I, B] plus shift [O] into out [O, B]. The weights are given as [O I], or, if
    `turned`, as those of their transpose.
    """
    n_out, n_in = len(out), len(rows)
    if len(weights) >= BLAS_FROM:
        if turned:
            write_product(weights.reshape(n_in, n_out).T, rows, out)
        else:
            write_product(weights.reshape(n_out, n_in), rows, out)
        _add_shift(shift, out)
        return
    lead, step = (n_in - 1) % 4 + 1, n_out if turned else 1
    for o in range(n_out):
        total, weight, base = out[o], weights[o if turned else o * n_in :], shift[o]
        _begin(weight, step, base, rows, lead, total)
        for i in range(lead, n_in, 4):
            w0, w1, w2, w3 = weight[i * step], weight[(i + 1) * step], weight[(i + 2) * step], weight[(i + 3) * step]
            x0, x1, x2, x3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
            for j in range(out.shape[1]):
                total[j] += w0 * x0[j] + w1 * x1[j] + w2 * x2[j] + w3 * x3[j]


@reordered
def _begin(weight: Array, step: int, base: float, rows: Array, lead: int, total: Array) -> None:
    """Writes base plus the first `lead` terms, one to four, so that the number of terms left is a multiple of four."""
    w0, x0 = weight[0], rows[0]
    if lead == 1:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j]
        return
    w1, x1 = weight[step], rows[1]
    if lead == 2:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j] + w1 * x1[j]
        return
    w2, x2 = weight[2 * step], rows[2]
    if lead == 3:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j] + w1 * x1[j] + w2 * x2[j]
        return
    w3, x3 = weight[3 * step], rows[3]
    for j in range(len(total)):
        total[j] = base + w0 * x0[j] + w1 * x1[j] + w2 * x2[j] + w3 * x3[j]


@reordered
def correlate(delta: Array, rows: Array, out: Array) -> None:
    """Adds delta [O, B] times the transpose of rows [I, B] to out [O, I]."""
    if out.size >= BLAS_FROM:
        add_product(delta, rows.T, out)
        return
    n_out, n_in = out.shape
    for o in range(n_out):
        vector, total = delta[o], out[o]
        for i in range(0, n_in - 3, 4):
            x0, x1, x2, x3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for j in range(rows.shape[1]):
                s0 += vector[j] * x0[j]
                s1 += vector[j] * x1[j]
                s2 += vector[j] * x2[j]
                s3 += vector[j] * x3[j]
            total[i] += s0
            total[i + 1] += s1
            total[i + 2] += s2
            total[i + 3] += s3
        for i in range(n_in - n_in % 4, n_in):
            x0, s0 = rows[i], 0.0
            for j in range(rows.shape[1]):
                s0 += vector[j] * x0[j]
            total[i] += s0


@reordered
def _add_shift(shift: Array, z: Array) -> None:
    for o in range(len(z)):
        row, base = z[o], shift[o]
        for j in range(z.shape[1]):
            row[j] += base


@reordered
def sum_samples(delta: Array, out: Array) -> None:
    """Adds the sums of the rows of delta [O, B] to out [O]."""
    for o in range(len(delta)):
        row, total = delta[o], 0.0
        for j in range(delta.shape[1]):
            total += row[j]
        out[o] += total


@reordered
def multiply(rows: Array, factors: Array) -> None:
    """Multiplies rows [I, B] by factors [I, B], in place."""
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            rows[i, j] *= factors[i, j]


@reordered
def forward(point: Array, network: Layers, inputs: Array, value: Array, slope: Array) -> None:
    """Writes the rows of all steps, one under the other, and the slopes of the activations, both [rows, B]."""
    sizes, last = network.sizes, len(network.sizes) - 2
    below, place, unit, source = inputs, 0, 0, 0
    for step in range(last + 1):
        n_out, n_in = network.weights[step]
        rows = value[unit : unit + sizes[step + 1]]
        if n_out == 0:
            end = source + len(rows) * n_in
            gather(network.sources[source:end].reshape(len(rows), n_in), below, rows)
            source = end
        else:
            bias = place + n_out * n_in
            z = rows.reshape(n_out, -1)
            combine(point[place:bias], False, point[bias : bias + n_out], below.reshape(n_in, -1), z)
            if step < last:
                activate(network.activation, z, slope[unit : unit + len(rows)].reshape(n_out, -1))
            place = bias + n_out
        below, unit = rows, unit + len(rows)
