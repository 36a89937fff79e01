#!/usr/bin/env bash
# Installs the project as a package for every Python from 3.11 on that is found here, on the PATH or by pyenv, each in an
# empty folder with the pinned dependencies, and tests a part there.
#
#   tests/pythons.sh                        every Python
#   tests/pythons.sh --newest               the newest one alone, unless it is that of .venv
#   tests/pythons.sh tests/test_config.py   another part: arguments go to pytest
#
# Exit status: 0 all passed, 1 a test failed, 2 a Python could not have the dependencies, which one line tells.

set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
part=(tests/test_config.py tests/test_startup.py tests/numerics/test_compilation.py tests/graph)

version_of() { # PYTHON: as 3.13, nothing if it does not run
    "$1" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null || true
}

pythons() { # the oldest first
    local minor python
    for minor in 11 12 13 14; do
        for python in "$(command -v "python3.$minor")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor".*/bin/python; do
            if [[ $(version_of "$python") == "3.$minor" ]]; then
                echo "$python"
                break
            fi
        done
    done
}

installed() { # PYTHON: with the project, in an environment of its own
    "$1" -m venv "$folder/environment" && "$folder/environment/bin/python" -m pip install --quiet --no-compile \
        --constraint constraints.txt "$folder/source[plots]" pytest pytest-timeout hypothesis
}

tested() { # PYTHON: in an empty folder
    local version
    version=$(version_of "$1")
    mkdir "$folder/source" "$folder/empty"
    cp -r pyproject.toml README.md LICENSE landscape runs "$folder/source"
    cp -r pyproject.toml runs tests "$folder/empty"
    if ! installed "$1" &>"$folder/log"; then
        echo "pythons: Python $version is not tested, the dependencies cannot be installed: $(grep -m 1 ERROR "$folder/log")" >&2
        return 2
    fi
    echo "pythons: Python $version"
    (cd "$folder/empty" && ../environment/bin/python -m pytest -q "${part[@]}") || return 1
}

mapfile -t found < <(pythons)
if [[ ${1-} == --newest ]]; then
    shift
    found=("${found[@]: -1}")
    [[ $(version_of "${found[0]-}") != "$(version_of .venv/bin/python)" ]] || exit 0
fi
if (($#)); then
    part=("$@")
fi

status=0
trap 'rm -rf "${folder-}"' EXIT
for python in "${found[@]}"; do
    folder=$(mktemp -d)
    tested "$python" || status=$((status == 1 ? 1 : $?))
    rm -rf "$folder"
done
exit "$status"
