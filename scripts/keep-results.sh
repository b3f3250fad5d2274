#!/usr/bin/env bash
# Copies what a report needs from the folder of a sweep: sweep.json, and result.json and analysis.json of every finished run.
#   bash scripts/keep-results.sh SWEEP FOLDER        e.g. runs/multi30k bench/results/multi30k
# Translations are left out: they are large, and only the section with examples needs them.
set -euo pipefail
from="${1:?usage: bash scripts/keep-results.sh SWEEP FOLDER}" to="${2:?usage: bash scripts/keep-results.sh SWEEP FOLDER}"
[ -e "$from/sweep.json" ] || { echo "keep-results: $from is not the folder of a sweep" >&2; exit 2; }
mkdir -p "$to"
cp "$from/sweep.json" "$to"
for result in "$from"/*/result.json; do
  [ -e "$result" ] || continue
  run="$(basename "$(dirname "$result")")"
  mkdir -p "$to/$run"
  cp "$result" "$to/$run"
  [ ! -e "$from/$run/analysis/analysis.json" ] || install -D -m 644 "$from/$run/analysis/analysis.json" "$to/$run/analysis/analysis.json"
done
