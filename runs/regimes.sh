#!/usr/bin/env bash
# Makes the comparisons of regimes of training in analysis/results/, on two MPI ranks: networks are trained, located in
# the landscape of their common energy, measured and compared. The landscape of Iris is mapped too, and its tree drawn
# with the end points as marks. Names of studies after it: only these. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

groups=(loss curvature sharpness sensitivity test_robustness evaluations) # attacks on training samples take longest
studies=("$@")
((${#studies[@]})) || studies=(regimes-iris regimes-digits overfitting-digits batches-digits curves-iris curves-digits)
for study in "${studies[@]}"; do
    run=runs/$study.toml
    results=analysis/results/$study
    database=$results/$study.h5
    mkdir -p "$results"
    mpiexec -n 2 landscape train "$run" -o "$database" --resume
    mpiexec -n 2 landscape locate "$database" >/dev/null
    mpiexec -n 2 landscape measure "$database" --training "${groups[@]}" >/dev/null
    if [[ $study == regimes-iris ]]; then
        mpiexec -n 2 landscape run "$run" -o "$database" --resume
        mpiexec -n 2 landscape locate "$database"
        python analysis/disconnectivity.py "$database" -o "$results/tree.svg" --marks all
    fi
    python analysis/regimes.py "$database" -o "$results"
done
