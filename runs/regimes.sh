#!/usr/bin/env bash
# Makes the comparisons of regimes of training in analysis/results/, on two MPI ranks: networks are trained on ten subsets
# of the data, located in the landscape of their common energy, measured and compared. The landscape of the first subset
# of Iris is mapped too, and its tree drawn with the end points as marks. Names of studies after it: only these. Run
# again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

groups=(loss curvature sharpness sensitivity sparse_robustness test_robustness evaluations) # attacks take longest
studies=("$@")
((${#studies[@]})) || studies=(regimes-iris regimes-digits overfitting-digits batches-digits curves-iris curves-digits)
for study in "${studies[@]}"; do
    run=runs/$study.toml
    results=analysis/results/$study
    mpiexec -n 2 landscape train "$run" --replicates 10 -o "$results" --resume >/dev/null
    for database in "$results"/replicate-*.h5; do
        mpiexec -n 2 landscape locate "$database" >/dev/null
        mpiexec -n 2 landscape measure "$database" --training "${groups[@]}" >/dev/null
    done
    first=$results/replicate-0.h5
    if [[ $study == regimes-iris ]]; then
        mpiexec -n 2 landscape run "$run" -o "$first" --resume --set problem.subset_seed=0
        mpiexec -n 2 landscape locate "$first"
        python analysis/disconnectivity.py "$first" -o "$results/tree.svg" --marks all
    fi
    python analysis/regimes.py "$results"/replicate-*.h5 -o "$results" >/dev/null
    landscape answer "$results"/replicate-*.h5 | tee "$results/answer.txt"
done
