#!/usr/bin/env bash
# Copies from the folder of a sweep what a report needs: sweep.json, and of every finished run result.json, analysis.json and
# the options of its training. With state.json beside them the sweep goes on from there: copy FOLDER back to SWEEP.
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
  for file in state.json checkpoints/config.yaml; do
    [ ! -e "$from/$run/$file" ] || install -D -m 644 "$from/$run/$file" "$to/$run/$file"
  done
  [ ! -e "$from/$run/analysis/analysis.json" ] || install -D -m 644 "$from/$run/analysis/analysis.json" "$to/$run/analysis/analysis.json"
done
