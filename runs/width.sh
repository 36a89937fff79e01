#!/usr/bin/env bash
# Makes analysis/results/width/: landscapes of networks of 1 to 20 units on Iris and on three pairs of classes of MNIST,
# and of one to three hidden layers on more and more samples: a table, figures, and every stationary point verified with
# a zero unit more. Each landscape has the same number of quenches; of some widths on Iris and one pair the ten lowest
# minima are connected. With the argument "whole" it has more quenches, three values of l2, and connects all widths and
# pairs, which takes days. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/width
connected=(1 2 3 4 6 8 12 16 20) iris=(1e-3) mnist=(1e-4) pairs=(4,9 3,5 0,1) joined=4,9
samples=(30 100 300) layered=(1e-3) effort=()
if [[ ${1:-quick} == whole ]]; then
    connected=({1..20}) iris=(1e-2 1e-3 1e-4) mnist=(1e-3 1e-4 1e-5) joined=${pairs[*]} samples=(30 100 300 700)
    layered=(1e-3 1e-4)
    effort=(basin_hopping.steps=200 explore.lowest=40 connect.rounds=200 connect.pairs=64 connect.single_ended=50)
elif [[ ${1:-quick} != quick ]]; then
    echo "width.sh: expected quick or whole, found $1" >&2
    exit 2
fi
hopping=(connect.rounds=0 connect.single_ended=0 explore.energy=0.0) # minima alone, none of which is attacked

explore() { # FOLDER RUN_FILE NETWORKS CONNECTED SETTING...: networks, and those whose minima are connected, if any
    local folder=$results/$1 run=$2 networks=$3 chosen=$4
    shift 4
    local settings=("${effort[@]/#/--set=}" "${@/#/--set=}")
    landscape study "$run" --over "problem.hidden=$networks" -o "$folder" "${settings[@]}" "${hopping[@]/#/--set=}" >/dev/null
    [[ -z $chosen ]] || landscape study "$run" --over "problem.hidden=$chosen" -o "$folder" "${settings[@]}" >/dev/null
}

listed() { # UNITS...: networks of one hidden layer
    local networks
    networks=$(printf ',[%s]' "$@")
    echo "${networks:1}"
}

for l2 in "${iris[@]}"; do
    explore "iris-$l2" runs/width-iris.toml "$(listed {1..20})" "$(listed "${connected[@]}")" "problem.l2=$l2"
done
for pair in "${pairs[@]}"; do
    widths='' depths='' # to be connected
    [[ " $joined " != *" $pair "* ]] || widths=$(listed "${connected[@]}") depths='[4],[4,4],[4,4,4]'
    for l2 in "${mnist[@]}"; do
        explore "mnist_5k-${pair/,/-}-$l2" runs/width-mnist_5k.toml "$(listed {1..20})" "$widths" \
            "problem.classes=[$pair]" "problem.l2=$l2"
    done
    for l2 in "${layered[@]}"; do
        for number in "${samples[@]}"; do
            explore "layers-${pair/,/-}-$l2-$number" runs/width-mnist_5k.toml '[4],[4,4],[4,4,4]' "$depths" \
                "problem.classes=[$pair]" "problem.l2=$l2" "problem.subset=$number"
        done
    done
done
for database in "$results"/*/*.h5; do
    landscape measure "$database" loss >/dev/null
    landscape embed "$database" | sed "s|^|${database#"$results"/}: |"
done | tee "$results/embedded.txt"
python analysis/width.py "$results"
