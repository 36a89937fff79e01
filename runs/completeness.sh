#!/usr/bin/env bash
# Searches each landscape of the studies twice, with seeds 0 and 1, for its 20 lowest minima (XOR: for all), and compares
# the two: analysis/results/completeness/NAME.txt. Each search stops after a time limit, two minutes unless the
# environment variable LIMIT says otherwise. Names of data sets after it: only these. Run again, it goes on.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/completeness
hasty=(pgd_steps=1 pgd_restarts=1 apgd_steps=1 search_queries=1 noise_draws=1 'epsilon=[0.1]') # robustness is not asked for
mkdir -p "$results"
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT # the search in the background ends with the script

search() { # RUN L2 LOWEST SEED FILE: stopped by its limit is as good as done
    landscape run "$1" -o "$5" --resume --time-limit "${LIMIT:-2m}" --set "problem.l2=$2" --set problem.subset_seed=0 \
        --set "explore.lowest=$3" --set basin_hopping.walkers=64 --set basin_hopping.steps=400 \
        --set basin_hopping.round_steps=10 --set basin_hopping.task_walkers=16 --set connect.rounds=200 \
        --set connect.pairs=64 --set connect.single_ended=50 --set connect.target=1.0 --set "run.seed=$4" \
        "${hasty[@]/#/--set=measure.}" >/dev/null || (($? == 75))
}

datasets=("$@")
((${#datasets[@]})) || datasets=(xor iris wine breast_cancer digits)
for dataset in "${datasets[@]}"; do
    run=runs/study-$dataset.toml
    values=$(sed -n 's/^# *landscape study .*--over problem.l2=\([^ ]*\).*/\1/p' "$run") # the command stands in the file
    lowest=20
    [[ $dataset != xor ]] || lowest=0
    for l2 in ${values//,/ }; do
        base=$results/$dataset-$l2
        search "$run" "$l2" "$lowest" 0 "$base-0.h5" & # a core each
        search "$run" "$l2" "$lowest" 1 "$base-1.h5"
        wait $!
        landscape complete "$base-0.h5" "$base-1.h5" >"$base.txt" || (($? == 1))
        echo "$dataset, l2 = $l2: $(tail -n 1 "$base.txt")"
    done
done
