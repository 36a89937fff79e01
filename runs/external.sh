#!/usr/bin/env bash
# Makes analysis/results/external/: two landscapes of the literature, computed again. XOR with 2 to 6 hidden units at
# three l2, all minima and transition states, and for 2 and 3 units saddles too, whose Morse sum is a check; and the
# outcome of quenches of three atoms (data set ljat3) from two and three distances, with the heat capacity, and the area
# under the ROC curve of every minimum on held-out samples. All databases are verified. Each search stops after a time
# limit, two minutes unless the environment variable LIMIT says otherwise. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/external
hasty=(pgd_steps=1 pgd_restarts=1 apgd_steps=1 search_queries=1 noise_draws=1 'epsilon=[0.1]') # robustness is not asked for
mkdir -p "$results"

search() { # RUN FILE OPTION...: stopped by its limit is as good as done
    landscape run "$1" -o "$2" --resume --time-limit "${LIMIT:-2m}" "${@:3}" >/dev/null || (($? == 75))
    landscape verify "$2" >"${2%.h5}-verified.txt"
}

for hidden in 2 3 4 5 6; do
    for l2 in 1e-2 1e-3 1e-4; do
        file=$results/xor-$hidden-$l2.h5 saddles=()
        ((hidden > 3)) || saddles=(--set saddles.max_index=4)
        search runs/xor.toml "$file" "${hasty[@]/#/--set=measure.}" --set "problem.hidden=[$hidden]" \
            --set "problem.l2=$l2" "${saddles[@]}"
        ((hidden > 3)) || landscape morse "$file" >"${file%.h5}-morse.txt" || (($? == 1))
    done
done
for distances in 2 3; do
    for l2 in 1e-3 1e-4; do
        file=$results/ljat3-$distances-$l2.h5
        search runs/ljat3.toml "$file" --set "problem.dataset=\"ljat3:samples=1000,Z=2.0,distances=$distances\"" \
            --set "problem.l2=$l2"
        landscape measure "$file" loss >/dev/null
        landscape thermodynamics "$file" -o "${file%.h5}-curves.csv" >"${file%.h5}-curves.txt"
        python analysis/thermodynamics.py "$file" -o "${file%.h5}-curves.svg"
        landscape tree "$file" -o "${file%.h5}-tree.svg" --colour test_auc
    done
done

script=$PWD/analysis/compare_landscapes.py
cd "$results"
python "$script" xor-?-1e-?.h5 --property lowest_eigenvalue -o xor.csv >xor.txt
python "$script" ljat3-?-1e-?.h5 --property auc --property test_auc --property test_accuracy -o ljat3.csv >ljat3.txt
for file in ljat3-?-1e-?.h5; do
    python - "$file" "${file%.h5}-minima.csv" <<'END'
import sys, landscape
with landscape.open(sys.argv[1]) as db:
    columns = ["energy", "accuracy", "test_accuracy", "test_loss", "auc", "test_auc"]
    db.frame()[columns].sort_values("energy").to_csv(sys.argv[2], float_format="%.8g")
END
done
