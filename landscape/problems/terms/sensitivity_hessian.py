"""The exact Hessian of the sensitivity term of one hidden layer, in closed form.

Let m = w x + b and s = epsilon sum_i |w_i| be the middle and the radius of a unit's pre-activation and f its
activation. The radius of the unit's value is rho = (f(m + s) - f(m - s)) / 2, and the width of output k is
u_k = 2 sum_j |v_kj| rho_j + width. In the unit's incoming weights and bias, with x~ = (x, 1) and sigma the gradient of
s,

    grad rho = rho_m x~ + rho_s sigma
    hess rho = rho_mm (x~ x~' + sigma sigma') + rho_ms (x~ sigma' + sigma x~') + rho_s hess s

since rho_ss = rho_mm. Different units are coupled by products of gradients only. With y_k = grad u_k / u_k, the Hessian
of a sample is sum_k (hess u_k / u_k - y_k y_k') for the log volume; for the geometric mean G of the widths it is G / K
times this sum, plus G y y' with y the mean of the y_k.

Shapes: W walkers, P parameters, N samples, d inputs, H units, K outputs.
"""

import torch
from torch import Tensor

from landscape.problems.activations import Activation
from landscape.problems.terms.absolute import smooth_absolute

Layers = list[tuple[Tensor, Tensor]]


def one_layer_hessian(
    layers: Layers, activation: Activation, inputs: Tensor, epsilon: float, width: float, *, log_volume: bool
) -> Tensor:
    """Hessians [W, P, P] for two layers of weights [W, out, in] and biases [W, out], and inputs [N, d]."""
    (incoming, bias), (outgoing, _) = layers
    absolute, slope, bend = _absolute(incoming, width)
    out_absolute, out_slope, out_bend = _absolute(outgoing, width)
    middle = incoming @ inputs.mT + bias[:, :, None]
    rho, by_middle, by_radius, twice, mixed = _derivatives(activation, middle, epsilon * absolute.sum(2)[:, :, None])
    u = 2.0 * (out_absolute @ rho) + width  # [W, K, N]
    mean = u.log().mean(1, keepdim=True).exp()
    scale = torch.full_like(u, 1.0 / len(inputs)) if log_volume else (mean / u[0].numel()).expand_as(u)

    augmented = torch.cat([inputs, torch.ones_like(inputs[:, :1])], 1)  # x~ [N, d + 1]
    sigma = torch.cat([epsilon * slope, torch.zeros_like(bias)[..., None]], 2)  # [W, H, d + 1]
    gradient = by_middle[..., None] * augmented + by_radius[..., None] * sigma[:, :, None]  # [W, H, N, d + 1]

    share = scale / u  # weight of hess u_k
    inner = 2.0 * (out_absolute.mT @ share)  # weight of hess rho, [W, H, N]
    within = _within_units(inner * twice, inner * mixed, augmented, sigma)
    within.diagonal(dim1=2, dim2=3)[..., :-1].add_((inner * by_radius).sum(2)[..., None] * epsilon * bend)
    between = 2.0 * out_slope[..., None] * torch.einsum("wkn,whnq->wkhq", share, gradient)
    outgoing_alone = 2.0 * out_bend * (share @ rho.mT)

    incoming_part = 2.0 * (out_absolute[:, :, None, :, None] * gradient.transpose(1, 2)[:, None]).flatten(3)
    outgoing_part = 2.0 * out_slope[:, :, None] * rho.mT[:, None]
    logarithmic = torch.cat([incoming_part, outgoing_part], 3) / u[..., None]  # y_k [W, K, N, H (d + 2)]
    hessian = _assembled(within, between, outgoing_alone, (logarithmic * scale[..., None]).mT @ logarithmic)
    if not log_volume:
        hessian += _of_mean(logarithmic, mean[:, 0] / len(inputs), sigma[0].numel())
    return _in_network_order(hessian, bias.shape[1], inputs.shape[1], u.shape[1])


def _absolute(weight: Tensor, width: float) -> tuple[Tensor, Tensor, Tensor]:
    """The smooth absolute value and its first two derivatives."""
    value = smooth_absolute(weight, width)
    return value, weight / value, width**2 / value**3


def _derivatives(activation: Activation, middle: Tensor, radius: Tensor) -> tuple[Tensor, ...]:
    """The values of rho, rho_m, rho_s, rho_mm = rho_ss and rho_ms."""
    ends = middle + radius, middle - radius
    upper, lower = (activation.value(end) for end in ends)
    upper_slope, lower_slope = (activation.derivative(end) for end in ends)
    upper_bend, lower_bend = (activation.second_derivative(end) for end in ends)
    slopes = 0.5 * (upper_slope - lower_slope), 0.5 * (upper_slope + lower_slope)
    return 0.5 * (upper - lower), *slopes, 0.5 * (upper_bend - lower_bend), 0.5 * (upper_bend + lower_bend)


def _within_units(twice: Tensor, mixed: Tensor, augmented: Tensor, sigma: Tensor) -> Tensor:
    """Second derivatives [W, H, d + 1, d + 1] in the incoming weights and bias of each unit, without hess s terms."""
    cross = (mixed @ augmented)[..., None] * sigma[:, :, None]
    squares = twice.sum(2)[..., None, None] * sigma[..., None] * sigma[:, :, None]
    return (augmented * twice[..., None]).mT @ augmented + squares + cross + cross.mT


def _assembled(within: Tensor, between: Tensor, outgoing: Tensor, products: Tensor) -> Tensor:
    """The Hessian minus `products`, for parameters unit by unit and then output by output, without output biases."""
    walkers, units, inner = within.shape[:3]
    outputs, split = outgoing.shape[1], units * inner
    hessian = within.new_zeros(walkers, split + outputs * units, split + outputs * units)
    hessian[:, :split, :split] = -products[:, :, :split, :split].sum(1)
    for unit in range(units):
        own = slice(unit * inner, (unit + 1) * inner)
        hessian[:, own, own] += within[:, unit]
    for output in range(outputs):
        own = slice(split + output * units, split + (output + 1) * units)
        hessian[:, own, own] = torch.diag_embed(outgoing[:, output]) - products[:, output, split:, split:]
        crossed = torch.diag_embed(between[:, output].mT, dim1=1, dim2=3).transpose(2, 3).flatten(2)
        hessian[:, own, :split] = crossed - products[:, output, split:, :split]
        hessian[:, :split, own] = hessian[:, own, :split].mT
    return hessian


def _of_mean(logarithmic: Tensor, weight: Tensor, split: int) -> Tensor:
    """Sum over samples of weight [W, N] times y y', y the mean over outputs of the gradients y_k."""
    incoming = logarithmic[..., :split].mean(1)
    outgoing = logarithmic[..., split:].transpose(1, 2).flatten(2) / logarithmic.shape[1]
    mean = torch.cat([incoming, outgoing], 2)
    return (mean * weight[..., None]).mT @ mean


def _in_network_order(hessian: Tensor, units: int, inputs: int, outputs: int) -> Tensor:
    """The Hessian with the parameters in network order, and with zeros for the output biases."""
    start, unit = units * (inputs + 1), torch.arange(units, device=hessian.device)
    weights = unit[:, None] * inputs + torch.arange(inputs, device=hessian.device)
    incoming = torch.cat([weights, units * inputs + unit[:, None]], 1).flatten()
    place = torch.cat([incoming, start + torch.arange(outputs * units, device=hessian.device)])
    whole = hessian.new_zeros(len(hessian), len(place) + outputs, len(place) + outputs)
    whole[:, place[:, None], place] = hessian
    return whole
