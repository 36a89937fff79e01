#!/usr/bin/env bash
# Installs the project as a package for every Python from 3.11 on that is found here, on the PATH or by pyenv, each in an
# empty folder with the pinned dependencies, and tests a part there.
#
#   tests/pythons.sh                        every Python
#   tests/pythons.sh --newest               the newest one alone, unless it is that of .venv
#   tests/pythons.sh --without-torch        without torch, which has gigabytes of CUDA for some: what needs none is tested
#   tests/pythons.sh tests/test_config.py   another part: arguments after the options go to pytest
#
# Exit status: 0 all passed, 1 a test failed, 2 a Python could not have the dependencies, which one line tells.

set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
part=(tests/test_config.py tests/test_startup.py tests/numerics/test_compilation.py tests/graph)
part_without_torch=(tests/test_messages.py tests/numerics/test_compilation.py tests/graph/test_depth.py tests/database/test_lazy.py)
test_packages=(pytest pytest-timeout hypothesis)

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

dependencies() { # PYTHON: of the project, one a line, all but torch
    "$1" -c 'import tomllib
with open("pyproject.toml", "rb") as file:
    print(*(one for one in tomllib.load(file)["project"]["dependencies"] if not one.startswith("torch")), sep="\n")'
}

installed() { # PYTHON: with the project, in an environment of its own
    local pip=("$folder/environment/bin/python" -m pip install --quiet --no-compile --constraint constraints.txt)
    "$1" -m venv "$folder/environment" || return
    if [[ $without_torch ]]; then
        dependencies "$1" >"$folder/dependencies" &&
            "${pip[@]}" --requirement "$folder/dependencies" setuptools "${test_packages[@]}" &&
            "${pip[@]}" --no-deps --no-build-isolation "$folder/source"
    else
        "${pip[@]}" "$folder/source[plots]" "${test_packages[@]}"
    fi
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
    echo "pythons: Python $version${without_torch:+ without torch, so that networks and searches are left out}"
    (cd "$folder/empty" && ../environment/bin/python -m pytest -q "${part[@]}") || return 1
}

newest='' without_torch=''
while [[ ${1-} == --newest || ${1-} == --without-torch ]]; do
    if [[ $1 == --newest ]]; then newest=yes; else without_torch=yes part=("${part_without_torch[@]}"); fi
    shift
done
if (($#)); then
    part=("$@")
fi
mapfile -t found < <(pythons)
if [[ $newest ]]; then
    found=("${found[@]: -1}")
    [[ $(version_of "${found[0]-}") != "$(version_of .venv/bin/python)" ]] || exit 0
fi

status=0
trap 'rm -rf "${folder-}"' EXIT
for python in "${found[@]}"; do
    folder=$(mktemp -d)
    tested "$python" || status=$((status == 1 ? 1 : $?))
    rm -rf "$folder"
done
exit "$status"
