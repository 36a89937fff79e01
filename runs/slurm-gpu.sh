#!/usr/bin/env bash
# A batch job of four ranks, a GPU each (device = "auto" sees to that). Submit it from the checkout:
#     sbatch runs/slurm-gpu.sh runs/iris.toml iris.h5
# Where compute nodes have no network, make the environment first on a login node: bash -c 'source runs/setup.sh'
#SBATCH --job-name=landscape
#SBATCH --nodes=2
#SBATCH --ntasks=4
#SBATCH --ntasks-per-node=2
#SBATCH --gpus-per-node=2
#SBATCH --cpus-per-task=8
#SBATCH --time=03:15:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

source runs/setup.sh
source runs/slurm-job.sh
