#!/usr/bin/env bash
# Sets everything up and maps the landscape of a 4-10-3 network on the Iris data, on two MPI ranks:
# a database iris.h5, a tree iris-tree.svg and a correlation table iris-correlations.csv. Run again, it continues iris.h5.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set -- # the options of `landscape run`
if [[ -e iris.h5 ]]; then
    echo "iris.h5 is there already: it is continued (delete it to start anew)"
    set -- --resume
fi
mpiexec -n 2 landscape run runs/iris.toml -o iris.h5 "$@"
landscape tree iris.h5 -o iris-tree.svg --colour adversarial_loss@0.3
python analysis/correlations.py iris.h5 -o iris-correlations.csv
echo "next: source .venv/bin/activate; landscape info iris.h5"
echo "made: iris.h5 (the database), iris-tree.svg (its disconnectivity graph), iris-correlations.csv (all correlations)"
