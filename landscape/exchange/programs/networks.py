"""Networks of chosen minima: parameters as safetensors, and whole networks as ONNX.

minimum-ROW.safetensors    the state_dict of `Problem.module`, float64; no pickle
minimum-ROW.onnx           the network from "inputs" [N, d], as the loss sees them, to "outputs" [N, K], float64
networks.csv               row and energy of each minimum, and its two files

Verifiers of networks such as alpha-beta-CROWN take the ONNX files. They are written by the exporter of torch that
records one call, which for these networks gives the same graph as its successor in a hundredth of the time.
"""

import csv
import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch

from landscape.campaign.preparation import stored_context
from landscape.errors import ExchangeError
from landscape.exchange.format import Export, Format

OPSET = 17
AXES = {"inputs": {0: "N"}, "outputs": {0: "N"}}


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write the networks of the chosen minima. Raises `ExchangeError` if a package is missing."""
    save_file, _ = _needed("safetensors.torch").save_file, _needed("onnx")
    db = export.db
    problem = stored_context(db.problem_record, "cpu", source=export.source).require_problem()
    example = problem.inputs[:1].cpu()
    with (folder / "networks.csv").open("w", newline="", encoding="ascii") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("minimum", "energy", "parameters", "network"))
        for row in export.rows.tolist():
            module = problem.module(db.minima.parameters[row].copy()).eval()
            names = f"minimum-{row}.safetensors", f"minimum-{row}.onnx"
            state = {name: values.detach().contiguous() for name, values in module.state_dict().items()}
            save_file(state, folder / names[0])
            _write_onnx(module, example, folder / names[1])
            table.writerow((row, repr(float(db.minima.energy[row])), *names))
    yield from ()


def _write_onnx(module: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """Write a module that takes inputs like `example` [1, d]."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # of the exporter, see above
        torch.onnx.export(
            module,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["inputs"],
            output_names=["outputs"],
            dynamic_axes=AXES,
        )


def _needed(module: str) -> ModuleType:
    """A module of an optional package. Raises `ExchangeError` if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExchangeError(
            f"expected the package {module.partition('.')[0]}, found none: pip install 'landscape-explorer[networks]'"
        ) from error


NETWORKS = Format(
    name="networks",
    summary="networks of the chosen minima, as safetensors and ONNX",
    write=write,
    chosen=True,
)
