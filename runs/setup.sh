# Sourced by runs/quickstart.sh and tests/run.sh. Goes to the checkout, makes .venv there and installs the pinned
# dependencies, if that is not done yet, and puts .venv on the PATH. A stamp in .venv tells what was installed last.

set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS=1 # a task computes with one thread; cores are filled by running tasks side by side
unset PYTHONDONTWRITEBYTECODE # every start of a command would compile torch again, in seconds

is_recent_python() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_recent_python "$python"; then
            echo "$python"
            return
        fi
    done
    echo "set-up: expected Python 3.11 or newer on the PATH, found $(python3 --version 2>&1 || true); install one" >&2
    return 1
}

is_usable_venv() { # of a moved or copied checkout, pip still belongs to the old place
    is_recent_python .venv/bin/python && [[ "$(.venv/bin/pip --version 2>/dev/null)" == *"$PWD/.venv/"* ]]
}

install_packages() { # WHAT; compiling to bytecode all that comes with it would double the time, and little of it is ever used
    .venv/bin/python -m pip install --quiet --no-compile --constraint constraints.txt --editable "$1"
}

set_up() {
    local stamp python
    stamp="$PWD $(cat pyproject.toml constraints.txt runs/setup.sh | cksum)"
    [[ "$(cat .venv/setup-stamp 2>/dev/null)" == "$stamp" ]] && is_recent_python .venv/bin/python && return
    if ! is_usable_venv; then
        python=$(find_python)
        echo "set-up: making .venv with $("$python" --version)" >&2
        "$python" -m venv --clear .venv
    fi
    .venv/bin/python -m pip uninstall --quiet --yes landscape 2>/dev/null # the name of the distribution up to 0.1.0
    echo "set-up: installing the pinned dependencies, torch among them: this takes minutes" >&2
    install_packages ".[test]"
    echo "$stamp" >.venv/setup-stamp
}

set_up_oracles() { # independent packages that tests compare with; where they cannot be installed those tests are skipped
    cmp -s .venv/setup-stamp .venv/oracles-stamp && return
    echo "set-up: installing the packages that tests compare with" >&2
    if install_packages ".[oracles]"; then
        cp .venv/setup-stamp .venv/oracles-stamp
    else
        echo "set-up: they cannot be installed here, their tests are skipped" >&2
    fi
}

set_up
export PATH="$PWD/.venv/bin:$PATH"
