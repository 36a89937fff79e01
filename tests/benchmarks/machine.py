"""Description of the machine on which benchmarks run."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

VERSIONS = ("torch", "triton", "numpy", "numba", "scipy")


def processor() -> str:
    """Name of the processor."""
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    return models[0].partition(":")[2].strip() if models else "unknown processor"


def cores() -> str:
    """The processor and the number of its cores that this process may use."""
    return f"{processor()}, {len(os.sched_getaffinity(0))} cores"


def accelerator(device: torch.device) -> str:
    """The CUDA name of a device and its size; for a CPU the words that there is none."""
    if device.type != "cuda":
        return "none"
    card = torch.cuda.get_device_properties(device)
    return f"{card.name}, {card.multi_processor_count} multiprocessors, {card.total_memory / 1e9:.0f} GB"


def driver() -> str:
    """The version of NVIDIA's driver, if known."""
    if shutil.which("nvidia-smi") is None:
        return "unknown"
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0].strip() or "unknown"


def versions() -> str:
    """Versions of Python and of the installed packages that affect speed."""
    found = [f"{name} {version(name)}" for name in VERSIONS if find_spec(name) is not None]
    return ", ".join([f"Python {platform.python_version()}", *found, f"CUDA {torch.version.cuda or 'none'}"])
