"""What the benchmarks run on."""

from pathlib import Path


def processor() -> str:
    """Its name."""
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    return models[0].partition(":")[2].strip() if models else "unknown processor"
