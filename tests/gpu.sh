#!/usr/bin/env bash
# What needs a GPU, on one, in less than eight minutes and without a network:
#
#   tests/gpu.sh FOLDER             tests, benchmark, a campaign; FOLDER/gpu.md is a table, FOLDER/gpu.log all the rest
#   tests/gpu.sh --dry FOLDER       the same in small on the CPU; kernels in Triton's interpreter if Triton is installed
#   tests/gpu.sh --wheels FOLDER    fetches what a machine may lack, for Python $PYTHON_VERSION (3.12) on x86-64
#
# $PYTHON (python3) is a Python with torch. Of the wheels in $WHEELS (wheels, here) it is lent those that it lacks.
# Every part has a limit of its own, so that one that hangs leaves the others their time. Exit status: 0 all passed,
# 1 not all, 2 no GPU or wrong usage.

set -euo pipefail

carried=(annotated-types click hypothesis jaxtyping networkx pydantic pydantic_core pytest-timeout sortedcontainers
    threadpoolctl tqdm typing-inspection typing_extensions wadler_lindig)
device=cuda seconds_in_all=460 times=1 # a dry run takes as long as it needs, within so many times each limit
sizes=()

usage() {
    echo "usage: tests/gpu.sh [--dry | --wheels] FOLDER" >&2
    exit 2
}

fetch_wheels() { # FOLDER: in the versions of constraints.txt
    local platforms=(2_1 2_5 2_12 2_17 2_24 2_27 2_28) # pip takes wheels for exactly those that it is told
    platforms=("${platforms[@]/%/_x86_64}")
    grep -E "^($(IFS='|' && echo "${carried[*]}"))==" constraints.txt | xargs "$python" -m pip download --quiet \
        --no-deps --only-binary :all: --implementation cp --python-version "${PYTHON_VERSION:-3.12}" \
        "${platforms[@]/#/--platform=manylinux_}" --dest "$1"
}

install_wheels() { # FOLDER
    local missing
    mapfile -t missing < <("$python" -c 'import sys; from importlib.util import find_spec
for wheel in sys.argv[1:]:
    if find_spec(wheel.rpartition("/")[2].partition("-")[0]) is None:
        print(wheel)' "$1"/*.whl)
    ((${#missing[@]})) || return 0
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$scratch/site" "${missing[@]}"
}

part() { # NAME SECONDS COMMAND...: rows that it prints go to the table, everything to the log
    local name=$1 limit=$(($2 * times)) left=$((seconds_in_all * times - SECONDS)) begin=$SECONDS status=0 told last
    shift 2
    ((limit < left)) || limit=$((left > 1 ? left : 1))
    echo "== $name" | tee -a "$log"
    timeout --kill-after=5 "$limit" "$@" 2>&1 | tee -a "$log" "$scratch/said" |
        sed -nu '/^| what |/d; /^| .* | .* | .*|$/p' | tee -a "$table" || status=$?
    last=$(tail -n 1 "$scratch/said")
    [[ $device == cpu || $last != *skipped* ]] || status="that of skipped tests"
    case $status in
        0) told="passed in $((SECONDS - begin)) s" ;;
        124 | 137) told="**stopped** after $((SECONDS - begin)) s" ;;
        *) told="**failed**, status $status" ;;
    esac
    [[ $last == "| "* ]] || told+=": ${last//|//}"
    echo "| $name | $told | at most $limit s |" | tee -a "$table" "$log"
    [[ $status == 0 ]] || passed=false
    : >"$scratch/said"
}

tests() { # FILE SECONDS
    part "$1" "$2" "$python" -m pytest -q -p pytest_timeout -p no:cacheprovider "$1"
}

benchmark() { # PART SECONDS
    part "benchmark: $1" "$2" "$python" -m tests.benchmarks.gpu "$1" --device "$device" --no-peer "${sizes[@]}"
}

campaign() { # SECONDS SECONDS
    part "campaign of runs/xor.toml" "$1" "$python" -m landscape run runs/xor.toml -o "$scratch/xor.h5" \
        --set "run.device=\"$device\"" --set basin_hopping.walkers=256 --set basin_hopping.task_walkers=256 \
        --set basin_hopping.steps=10 --set connect.single_ended=100 --set connect.task_pairs=64
    part "its verification" "$2" "$python" -m landscape verify "$scratch/xor.h5"
}

everything() {
    printf '| what | measured | limit or goal |\n|---|---|---|\n' >"$table"
    benchmark machine 45
    tests tests/problems/test_fused.py 120
    tests tests/optimize/test_cuda.py 120
    tests tests/numerics/test_cuda_graphs.py 30
    tests tests/benchmarks/test_gpu.py 60
    benchmark ceilings 60
    benchmark quenches 60
    benchmark saddles 90
    benchmark steps 60
    benchmark waiting 45
    benchmark agreement 60
    campaign 60 30
}

action=run
case ${1-} in --dry | --wheels) action=${1#--} && shift ;; esac
[[ $# == 1 && $1 != -* ]] || usage
mkdir -p "$1"
checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
folder=$(realpath "$1") wheels=$(realpath -m "${WHEELS:-$checkout/wheels}")
cd "$checkout"
python=${PYTHON:-python3}
if [[ $action == wheels ]]; then
    fetch_wheels "$folder"
    exit
fi
if [[ $action == dry ]]; then
    device=cpu times=8
    sizes=(--walkers 48 --pairs 3 --core-pairs 2 --core-starts 16 --matrix 64 --rounds 1 --l2 1e-3)
elif ! "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    echo "tests/gpu.sh: expected a CUDA device and a CUDA build of torch, found none; --dry tries the script" >&2
    exit 2
fi
table=$folder/gpu.md log=$folder/gpu.log passed=true
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
: >"$log"
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
export PYTHONPATH=$PWD:$scratch/site${PYTHONPATH:+:$PYTHONPATH}
[[ ! -d $wheels ]] || install_wheels "$wheels" 2>&1 | tee -a "$log"
everything
$passed
