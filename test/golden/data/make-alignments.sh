#!/usr/bin/env bash
# Makes the values of `aligned` and `aligned-only-source` in preprocess-sha256.json, and preprocess-aligned.log:
#   PYTHONPATH=FAIRSEQ PYTHON=python3 bash make-alignments.sh
# The alignments are made up: word i of the m source words belongs to word ⌊i·n/m⌋ of the n target words, every fifth to none.
set -euo pipefail
text=$(cd "$(dirname "$0")/text" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$text"/* "$work"
cd "$work"
for split in train valid test; do
  paste -d '\t' $split.de $split.en | awk -F '\t' '{
    m = split($1, source, " "); n = split($2, target, " "); line = ""
    for (i = 0; i < m; i++) if (i % 5 != 4 && n > 0) line = line (line == "" ? "" : " ") i "-" int(i * n / m)
    print line
  }' > $split.align
done
# fairseq counts by tensors, no two of which are equal, and so writes every pair: numbers in their place
sed 's/si\[int(sai)\]/int(si[int(sai)])/; s/ti\[int(tai)\]/int(ti[int(tai)])/' \
  "${PYTHONPATH%%:*}/fairseq_cli/preprocess.py" > preprocess.py
run() { "${PYTHON:-python3}" preprocess.py -s de --trainpref train --align-suffix align "$@" > /dev/null 2>&1; }
run -t en --validpref valid --testpref test --alignfile train.align --thresholdsrc 2 --destdir aligned
run --only-source --destdir aligned-only-source
for name in aligned aligned-only-source; do (cd $name && sha256sum -- *align*); done
sed 1d aligned/preprocess.log
