#!/usr/bin/env bash
# Runs setup.sh and then every test. The last line is `N passed, N failed`.
#   bash scripts/test.sh [--no-apt] [vitest arguments]
# --no-apt  install no system packages (passed on to setup.sh)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
setup=() vitest=()
for argument in "$@"; do
  case "$argument" in
    --no-apt) setup+=("$argument") ;;
    *) vitest+=("$argument") ;;
  esac
done
bash scripts/setup.sh "${setup[@]}"
exec npx --no-install vitest run "${vitest[@]}"
