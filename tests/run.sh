#!/usr/bin/env bash
# Sets everything up, then checks style and types and runs every test; arguments go to pytest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../runs/setup.sh"
set_up_oracles

ruff check
ruff format --check
mypy
exec pytest "$@"
