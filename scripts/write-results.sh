#!/usr/bin/env bash
# Writes the reports of the sweeps in bench/results to docs: docs/results.md for multi30k, docs/results/NAME.md for the others.
#   bash scripts/write-results.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rm -f docs/results/*.svg docs/results/*/*.svg
for sweep in bench/results/*/; do
  name="$(basename "$sweep")"
  page="docs/results/$name.md"
  [ "$name" != multi30k ] || page="docs/results.md"
  node bin/ts-fairseq.js report "$sweep" --claims examples/claims.yaml --markdown "$page"
  echo "wrote $page"
done
