#!/usr/bin/env bash
# Makes analysis/results/instability/: landscapes of points with a false cue (data set f_a), their networks checked
# against theorems, verdicts on four claims, and three figures. The quick grid has 6 points, 4 cues, networks of 2 and
# of K - 1 = 5 tanh units, and one l2, minima alone. Replicates are searched with transition states. With the argument
# "whole" it is the whole grid, with transition states and ReLU, which takes hours. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

run=runs/instability.toml
results=analysis/results/instability
points=(6) fixed=(2) l2=(1e-5) cues=(0.01 0.02 0.05 0.25) activations=(tanh) replicated=0.05
effort=(basin_hopping.steps=10 connect.rounds=0 connect.single_ended=0) # minima alone
if [[ ${1:-quick} == whole ]]; then
    points=(4 6 9 12 17) fixed=(2 3 4) l2=(1e-6 1e-5 1e-4) cues=(0.005 0.01 0.02 0.05 0.1 0.25 0.45)
    effort=() activations=(tanh relu)
elif [[ ${1:-quick} != quick ]]; then
    echo "instability.sh: expected quick or whole, found $1" >&2
    exit 2
fi
mkdir -p "$results"

explore() { # FOLDER HIDDEN ACTIVATION L2 DATASET...: landscapes of one network, a database for each data set
    local folder=$results/$1 hidden=$2 activation=$3 weight=$4 data
    shift 4
    mkdir -p "$folder"
    for data in "$@"; do # of ReLU all quenches may end on kinks: no landscape, and status 2
        landscape run "$run" -o "$folder/${data//[^A-Za-z0-9.]/-}.h5" --resume --set "problem.dataset=\"$data\"" \
            --set "problem.hidden=[$hidden]" --set "problem.activation=$activation" --set "problem.l2=$weight" \
            "${effort[@]/#/--set=}" >/dev/null || [[ $? == 2 && $activation == relu ]]
    done
}

for k in "${points[@]}"; do
    for hidden in "${fixed[@]}" $((k - 1)); do
        for weight in "${l2[@]}"; do
            for activation in "${activations[@]}"; do
                explore "K$k-$hidden-$activation-$weight" "$hidden" "$activation" "$weight" \
                    $(printf "f_a:K=$k,delta=%s,jitter=0.25 " "${cues[@]}")
            done
        done
    done
done
# Controls: no cue, a cue that is dealt at random, and a cue that standardising makes as large as the rest.
explore controls 2 tanh 1e-5 f_a:K=6,delta=0.0,jitter=0.25
landscape run "$run" -o "$results/controls/shuffled.h5" --resume "${effort[@]/#/--set=}" --set run.seed=1 \
    --set 'problem.dataset="f_a:K=6,delta=0.25,jitter=0.25,shuffled=true"' >/dev/null # seed 0 deals the cues as they were
landscape run "$run" -o "$results/controls/standardised.h5" --resume --set problem.standardise=true \
    "${effort[@]/#/--set=}" >/dev/null
# Training, with and without defences, of networks that are large enough.
landscape train "$run" -o "$results/training.h5" --resume --set 'problem.hidden=[5]' \
    --set "problem.dataset=\"f_a:K=6,delta=0.25,jitter=0.25\"" >/dev/null
landscape measure "$results/training.h5" loss stripes --training >/dev/null
# Replicates, for the claim that deeper minima are more robust: with a cue, and without.
for cue in "$replicated" 0.0; do
    landscape study "$run" --replicates 10 -o "$results/replicates-$cue" --set 'problem.hidden=[6]' \
        --set "problem.dataset=\"f_a:K=6,delta=$cue,jitter=0.25\"" >/dev/null
    landscape answer "$results/replicates-$cue" | tee "$results/answer-$cue.txt"
done
landscape instability "$results"/K*/*.h5 "$results"/controls/*.h5 "$results/training.h5" "$results"/replicates-*/*.h5 \
    -o "$results"
python analysis/instability.py "$results"
