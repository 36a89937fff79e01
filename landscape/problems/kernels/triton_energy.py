"""Energy and gradient of a network in one kernel: no walker data but theta, energy and gradient pass through memory.

The network has one hidden layer of tanh units and cross-entropy. A program computes W walkers and B samples at a time,
one pair per thread. A thread keeps the parameters of its walker and the sums of their gradients in registers while it
goes through the samples. All loops over units are unrolled. Compiled by Triton; shapes: D inputs, H hidden units, K
outputs, P parameters, N samples; everything is float64.
"""
# Triton's language: untyped, sizes in capitals, tuples grow by addition.
# ruff: noqa: ANN001, ANN201, ANN202, N803, PLR0913, PLR0917, RUF005

import triton
import triton.language as tl

VALUES = ("walkers", "samples")
POINTERS = ("theta", "inputs", "encoded", "constants", "energies", "gradients")


@triton.jit(do_not_specialize=VALUES, do_not_specialize_on_alignment=POINTERS)
def energies_and_gradients(
    theta,  # [walkers, P]
    inputs,  # [D, N]
    encoded,  # [K, N]
    constants,  # [2]: 1 / N and l2, in memory because numbers passed by value are float32
    energies,  # [walkers]
    gradients,  # [walkers, P]
    walkers,
    samples,
    D: tl.constexpr,
    H: tl.constexpr,
    K: tl.constexpr,
    W: tl.constexpr,
    B: tl.constexpr,
):
    """Mean loss + l2 * sum(theta^2), and its gradient."""
    parameters: tl.constexpr = H * (D + 1) + K * (H + 1)
    walker = tl.program_id(0) * W + tl.arange(0, W)
    there = walker < walkers
    first = walker.to(tl.int64) * parameters
    own = (theta + first)[:, None]
    w1, b1 = _numbers(own, 0, H * D, there[:, None]), _numbers(own, H * D, H, there[:, None])
    w2 = _numbers(own, H * (D + 1), K * H, there[:, None])
    b2 = _numbers(own, H * (D + 1) + K * H, K, there[:, None])
    zero = tl.zeros((W, B), tl.float64)
    loss, w1_sums, b1_sums = zero, _copies(zero, H * D), _copies(zero, H)
    w2_sums, b2_sums = _copies(zero, K * H), _copies(zero, K)
    for start in range(0, samples, B):
        sample = start + tl.arange(0, B)[None, :]
        real = sample < samples
        x = _columns(inputs + sample, samples, D, real)
        y = _columns(encoded + sample, samples, K, real)
        a = _hidden(w1, b1, x, D, H)
        value, delta = _cross_entropy(_outputs(w2, b2, a, H, K), y, K)
        delta = _where(real, delta, K)
        slope = _carried_back(w2, a, delta, H, K)
        loss += tl.where(real, value, 0.0)
        w1_sums, b1_sums = _plus_outer(w1_sums, slope, x, H, D), _plus(b1_sums, slope, H)
        w2_sums, b2_sums = _plus_outer(w2_sums, delta, a, K, H), _plus(b2_sums, delta, K)
    weight, l2 = tl.load(constants), tl.load(constants + 1)
    numbers, sums = w1 + b1 + w2 + b2, w1_sums + b1_sums + w2_sums + b2_sums
    squares = tl.zeros((W, 1), tl.float64)
    for i in tl.static_range(parameters):
        squares += numbers[i] * numbers[i]
        total = weight * tl.sum(sums[i], 1) + 2.0 * l2 * tl.sum(numbers[i], 1)
        tl.store(gradients + first + i, total, mask=there)
    tl.store(energies + walker, weight * tl.sum(loss, 1) + l2 * tl.sum(squares, 1), mask=there)


@triton.jit
def _numbers(pointer, first: tl.constexpr, count: tl.constexpr, present):
    found = ()
    for i in tl.static_range(count):
        found = found + (tl.load(pointer + (first + i), mask=present, other=0.0),)
    return found


@triton.jit
def _columns(pointer, stride, count: tl.constexpr, present):
    found = ()
    for i in tl.static_range(count):
        found = found + (tl.load(pointer + i * stride, mask=present, other=0.0),)
    return found


@triton.jit
def _copies(value, count: tl.constexpr):
    copies = ()
    for _ in tl.static_range(count):
        copies = copies + (value,)
    return copies


@triton.jit
def _hidden(weights, biases, x, D: tl.constexpr, H: tl.constexpr):
    """tanh z = 1 - 2 / (exp 2z + 1), with the rounding error of numbers near one."""
    values = ()
    for h in tl.static_range(H):
        z = biases[h] + weights[h * D] * x[0]
        for d in tl.static_range(1, D):
            z += weights[h * D + d] * x[d]
        values = values + (1.0 - 2.0 / (tl.exp(2.0 * z) + 1.0),)
    return values


@triton.jit
def _outputs(weights, biases, a, H: tl.constexpr, K: tl.constexpr):
    outputs = ()
    for k in tl.static_range(K):
        output = biases[k] + weights[k * H] * a[0]
        for h in tl.static_range(1, H):
            output += weights[k * H + h] * a[h]
        outputs = outputs + (output,)
    return outputs


@triton.jit
def _cross_entropy(outputs, y, K: tl.constexpr):
    """The loss and its gradient in the outputs."""
    largest = outputs[0]
    for k in tl.static_range(1, K):
        largest = tl.maximum(largest, outputs[k])
    powers = ()
    right = (outputs[0] - largest) * y[0]
    for k in tl.static_range(K):
        powers = powers + (tl.exp(outputs[k] - largest),)
    total = powers[0]
    for k in tl.static_range(1, K):
        total += powers[k]
        right += (outputs[k] - largest) * y[k]
    inverse = 1.0 / total
    delta = ()
    for k in tl.static_range(K):
        delta = delta + (powers[k] * inverse - y[k],)
    return tl.log(total) - right, delta


@triton.jit
def _carried_back(weights, a, delta, H: tl.constexpr, K: tl.constexpr):
    """The gradient in the pre-activations of the hidden units."""
    slopes = ()
    for h in tl.static_range(H):
        upstream = weights[h] * delta[0]
        for k in tl.static_range(1, K):
            upstream += weights[k * H + h] * delta[k]
        slopes = slopes + (upstream * (1.0 - a[h] * a[h]),)
    return slopes


@triton.jit
def _where(present, values, count: tl.constexpr):
    found = ()
    for i in tl.static_range(count):
        found = found + (tl.where(present, values[i], 0.0),)
    return found


@triton.jit
def _plus(sums, terms, count: tl.constexpr):
    found = ()
    for i in tl.static_range(count):
        found = found + (sums[i] + terms[i],)
    return found


@triton.jit
def _plus_outer(sums, rows, columns, R: tl.constexpr, C: tl.constexpr):
    found = ()
    for i in tl.static_range(R):
        for j in tl.static_range(C):
            found = found + (sums[i * C + j] + rows[i] * columns[j],)
    return found
