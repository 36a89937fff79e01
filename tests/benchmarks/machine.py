"""What the benchmarks run on."""

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
    """Its name."""
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    return models[0].partition(":")[2].strip() if models else "unknown processor"


def cores() -> str:
    """The processor and how many of its cores this process may use."""
    return f"{processor()}, {len(os.sched_getaffinity(0))} cores"


def accelerator(device: torch.device) -> str:
    """The name that CUDA gives a device, and its size; of a CPU that there is none."""
    if device.type != "cuda":
        return "none"
    card = torch.cuda.get_device_properties(device)
    return f"{card.name}, {card.multi_processor_count} multiprocessors, {card.total_memory / 1e9:.0f} GB"


def driver() -> str:
    """The version of NVIDIA's driver, if it tells one."""
    if shutil.which("nvidia-smi") is None:
        return "unknown"
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0].strip() or "unknown"


def versions() -> str:
    """Python and the packages that speed depends on, those that are there."""
    found = [f"{name} {version(name)}" for name in VERSIONS if find_spec(name) is not None]
    return ", ".join([f"Python {platform.python_version()}", *found, f"CUDA {torch.version.cuda or 'none'}"])
