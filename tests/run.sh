#!/usr/bin/env bash
# Sets everything up, then checks style and types and runs every test, on two cores; what promises equal bits runs again
# with the arithmetic of other processors, and a part with the newest Python. Arguments go to pytest, for a part of these.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../runs/setup.sh"
set_up_oracles

promises() { # ARGUMENT...: the tests that promise equal bits, if any are among those that the arguments choose
    LANDSCAPE_TEST_KILLS=${LANDSCAPE_TEST_KILLS:-3} pytest -n 2 --dist loadfile -m bits "$@" || (($? == 5))
}

compile() { # kernels, once for both cores of the tests, while the other core checks types
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && landscape run xor -o xor.h5 --set basin_hopping.steps=2 --set explore.searches=0 \
        --set connect.single_ended=4 &>/dev/null) || true # what is wrong is told by the tests
    rm -r "$folder"
}

ruff check
ruff format --check
mypy &
types=$!
compile
wait "$types"
# A file stays on one core, which makes its fixtures once; the longest ones begin, see tests/conftest.py.
pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
(($#)) || { tests/pythons.sh --newest --without-torch || (($? == 2)); } & # one that cannot be installed is told
pythons=$! status=0
# One setting for products of matrices, one for elements.
MKL_CBWR=AVX2 ATEN_CPU_CAPABILITY=default promises "$@" || status=$?
wait "$pythons" || status=$?
exit "$status"
