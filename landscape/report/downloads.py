"""Files that a page offers: PATHSAMPLE's min.data and ts.data, and the state_dict of a minimum as safetensors.

`min.data` has a line for each minimum, numbered from 1 by rising energy: energy, log of the product of the positive
Hessian eigenvalues, order of the point group, and three moments of inertia, which networks do not have (1). `ts.data`
has the numbers of two minima before the moments. The order of the point group is that of the stabiliser of the point,
the size of the symmetry group over the number of copies.

A safetensors file is the length of its header in 8 bytes, the header as JSON, and the values of all tensors. The header
is the same for all minima, so a page holds it once, and the values of each minimum.

Shapes: n minima of the page, P parameters.
"""

import base64
import json
from typing import Any

import numpy as np

from landscape.numerics.stabilisers import log_group_order, stabiliser_orders
from landscape.objective import Symmetry
from landscape.problems.problem import Problem
from landscape.report.data import PageData

MOST_BYTES = 1_000_000  # of the parameters in a page; the minima of higher energy come without
ALIGNMENT = 8  # of the header of a safetensors file


def pathsample(data: PageData, symmetry: Symmetry) -> dict[str, str]:
    """The texts of min.data and ts.data by name for the minima of the page.

    Empty where determinants are unknown, or an order is no whole number below 2^53.
    """
    among = np.flatnonzero(data.ts_minima.max(axis=1, initial=0) < data.shown)
    logs = (data.log_determinant, data.log_orbit_size, data.ts_log_determinant[among], data.ts_log_orbit_size[among])
    if not all(np.isfinite(values).all() for values in logs):
        return {}
    sizes = data.log_orbit_size, data.ts_log_orbit_size[among]
    known = log_group_order(symmetry, data.parameters.shape[1])  # that of a user's own energy is not known here
    group = max(known, *(float(one.max(initial=0.0)) for one in sizes))
    orders = [stabiliser_orders(group, one) for one in sizes]
    if np.isnan(np.concatenate(orders)).any():
        return {}
    of_minima, of_states = (one.astype(np.int64).tolist() for one in orders)
    below = zip(data.energy, data.log_determinant, of_minima, strict=False)
    above = zip(data.ts_energy[among], data.ts_log_determinant[among], of_states, data.ts_minima[among], strict=True)
    ends = ((energy, determinant, order, sorted((pair + 1).tolist())) for energy, determinant, order, pair in above)
    return {
        "min.data": "".join(f"{e:.17g} {d:.17g} {order} 1.0 1.0 1.0\n" for e, d, order in below),
        "ts.data": "".join(f"{e:.17g} {d:.17g} {order} {a} {b} 1.0 1.0 1.0\n" for e, d, order, (a, b) in ends),
    }


def safetensors(data: PageData, problem: Problem | None) -> dict[str, Any]:
    """The header of a safetensors file of any minimum, and the values of as many minima as fit, in base64.

    Empty for an energy of the user's own, and for a module whose parameters are not in network order.
    """
    if problem is None:
        return {}
    module = problem.module(data.parameters[0])
    tensors = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    flat = np.concatenate([tensor.ravel() for tensor in tensors.values()])
    if not np.array_equal(flat, data.parameters[0]):
        return {}
    ends = np.cumsum([tensor.nbytes for tensor in tensors.values()]).tolist()
    header = {
        name: {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [end - tensor.nbytes, end]}
        for (name, tensor), end in zip(tensors.items(), ends, strict=True)
    }
    text = json.dumps(header, separators=(",", ":"))
    kept = data.parameters[: max(MOST_BYTES // flat.nbytes, 1)].astype("<f8")
    return {
        "header": text + " " * (-len(text) % ALIGNMENT),
        "bytes": flat.nbytes,
        "minima": len(kept),
        "values": base64.b64encode(kept.tobytes()).decode("ascii"),
    }
