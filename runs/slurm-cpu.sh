#!/usr/bin/env bash
# A batch job of 32 ranks on the cores of one node. Submit it from the checkout:
#     sbatch runs/slurm-cpu.sh runs/iris.toml iris.h5
# Where compute nodes have no network, make the environment first on a login node: bash -c 'source runs/setup.sh'
#SBATCH --job-name=landscape
#SBATCH --nodes=1
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --time=03:15:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

source runs/setup.sh
source runs/slurm-job.sh
