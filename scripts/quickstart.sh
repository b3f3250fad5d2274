#!/usr/bin/env bash
# From a fresh clone to German-English translations by a Transformer trained with the encouraging loss.
#   bash scripts/quickstart.sh [--fresh] [--on-wasm] [--no-apt]
# --fresh    discard the result of an earlier run and train again; without it a finished run only prints its result
# --on-wasm  train on wasm without asking if the native backend is missing, which takes hours (or QUICKSTART_ON_WASM=1)
# --no-apt   install no system packages (passed on to setup.sh)
# The corpus is the German translation of TypeScript's messages, which the npm package `typescript` ships.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
usage="usage: bash scripts/quickstart.sh [--fresh] [--on-wasm] [--no-apt]"
fresh="" on_wasm="${QUICKSTART_ON_WASM:-}" setup=()
for argument in "$@"; do
  case "$argument" in
    --fresh) fresh=1 ;;
    --on-wasm) on_wasm=1 ;;
    --no-apt) setup+=("$argument") ;;
    *) echo "quickstart: unknown arguments '$*'; $usage" >&2; exit 2 ;;
  esac
done
bash scripts/setup.sh "${setup[@]}"
ts_fairseq() { node bin/ts-fairseq.js "$@"; }
step() { printf '\n== %s\n' "$*"; }

data=data-bin/embedded.de-en text=data-bin/embedded.de-en/text save=checkpoints/quickstart
[ -z "$fresh" ] || rm -rf "$data" "$save"

# With a trained model only averaging and translation remain, which take minutes even on wasm.
if [ ! -e "$save/checkpoint100.safetensors" ] && ! node packages/tfjs-backend-onednn/scripts/build.js --done; then
  echo "quickstart: without the native backend, training runs on wasm, about 30 times slower: 2 to 3 hours instead of 5 minutes" >&2
  if [ -z "$on_wasm" ]; then
    [ -t 0 ] || { echo "quickstart: add --on-wasm (or set QUICKSTART_ON_WASM=1) to continue, or install the packages that setup names above" >&2; exit 2; }
    read -r -p "Continue? [y/N] " answer
    [[ "$answer" == [yY]* ]] || exit 2
  fi
fi

if [ ! -e "$data/test.de-en.de.bin" ]; then
  step "corpus: TypeScript's messages, Moses tokens, truecased, joint BPE of 2,000 merges"
  bash scripts/prepare-embedded.sh --to "$data"
fi

step "ts-fairseq train --criterion encouraging"
ts_fairseq train "$data" --save-dir "$save" \
  --arch transformer --encoder-layers 3 --decoder-layers 3 \
  --encoder-embed-dim 128 --decoder-embed-dim 128 --encoder-ffn-embed-dim 256 --decoder-ffn-embed-dim 256 \
  --encoder-attention-heads 4 --decoder-attention-heads 4 --share-all-embeddings --dropout 0.3 \
  --criterion encouraging --log-end 0.5 --label-smoothing 0.1 \
  --optimizer adam --adam-betas '(0.9, 0.98)' --weight-decay 1e-4 \
  --lr 5e-3 --lr-scheduler inverse_sqrt --warmup-updates 500 \
  --max-tokens 1500 --max-epoch 100 --keep-last-epochs 10 --seed 1 --log-interval 50

step "ts-fairseq average-checkpoints"
ts_fairseq average-checkpoints --inputs "$save" --num-epoch-checkpoints 10 --output "$save/averaged"

step "ts-fairseq generate"
ts_fairseq generate "$data" --path "$save/averaged" --beam 5 --batch-size 128 --remove-bpe >"$save/generate.txt"
node scripts/quickstart-report.js "$text" "$save/generate.txt"

step "ts-fairseq export"
ts_fairseq export --path "$save/averaged" --data "$data" --to models/quickstart --beam 5 \
  --tokenizer moses --moses-no-dash-splits --truecase-model "$text/truecase.de" --bpe-codes "$text/codes" \
  --license MIT --data-license Apache-2.0 --trained-on "TypeScript's messages in German and English"

step "ts-fairseq translate models/quickstart 'Nicht abgeschlossenes Zeichenfolgenliteral.'"
ts_fairseq translate models/quickstart 'Nicht abgeschlossenes Zeichenfolgenliteral.'
