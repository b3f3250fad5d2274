#!/usr/bin/env bash
# From a fresh clone to the paper's table on the embedded corpus: cross entropy and the encouraging loss, with and without label
# smoothing, two seeds each; the analyses and a report. 18 minutes on 2 busy cores.
#   bash scripts/reproduce-table.sh [--jobs N] [--no-apt]
# --jobs N   runs at a time [1]
# --no-apt   install no system packages (passed on to setup.sh)
# An interrupted run continues with the same command and ends with the same numbers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=1 setup=()
while [ $# -gt 0 ]; do
  case "$1" in
    --jobs) jobs="${2:?reproduce-table: --jobs needs a number}"; shift 2 ;;
    --no-apt) setup+=("$1"); shift ;;
    *) echo "reproduce-table: unknown argument '$1'; usage: bash scripts/reproduce-table.sh [--jobs N] [--no-apt]" >&2; exit 2 ;;
  esac
done
bash scripts/setup.sh "${setup[@]}"
[ -e data-bin/embedded.de-en/test.de-en.de.bin ] || bash scripts/prepare-embedded.sh
node bin/ts-fairseq.js sweep examples/sweeps/embedded.yaml --jobs "$jobs"
node bin/ts-fairseq.js report runs/embedded --output runs/embedded/report.html --markdown runs/embedded/report.md
sed -n '1,/^## /p' runs/embedded/report.md | sed '$d'
echo "The whole report: runs/embedded/report.html"
