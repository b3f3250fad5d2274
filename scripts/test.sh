#!/usr/bin/env bash
# Sets up and runs every test; ends with the line `N passed, N failed`.
#   bash scripts/test.sh [vitest arguments]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh
exec npx --no-install vitest run "$@"
