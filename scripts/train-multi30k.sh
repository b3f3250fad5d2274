#!/usr/bin/env bash
# Trains the model of docs/benchmarks.md on Multi30k: 4+4 layers of 128/256, 25 epochs, the average of the last 10, beam 5.
#   bash scripts/train-multi30k.sh [DATA_BIN] [SAVE_DIR] [further train options, e.g. --criterion encouraging]
# An interrupted run resumes from its last checkpoint. At the end, SAVE_DIR/model is the folder of a model that translates plain text.
set -euo pipefail
recipe="train-multi30k" usage="train-multi30k.sh [DATA_BIN] [SAVE_DIR] [train options]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
data="${1:-data-bin/multi30k.de-en}" save="${2:-checkpoints/multi30k}"
shift $(($# < 2 ? $# : 2))

ts_fairseq train "$data" --save-dir "$save" \
  --arch transformer --encoder-layers 4 --decoder-layers 4 \
  --encoder-embed-dim 128 --decoder-embed-dim 128 --encoder-ffn-embed-dim 256 --decoder-ffn-embed-dim 256 \
  --encoder-attention-heads 4 --decoder-attention-heads 4 --share-all-embeddings --dropout 0.3 \
  --criterion label_smoothed_cross_entropy --label-smoothing 0.1 \
  --optimizer adam --adam-betas '(0.9, 0.98)' --weight-decay 1e-4 \
  --lr 5e-3 --lr-scheduler inverse_sqrt --warmup-updates 2000 \
  --max-tokens 4096 --max-epoch 25 --keep-last-epochs 10 --seed 1 "$@"
ts_fairseq average-checkpoints --inputs "$save" --num-epoch-checkpoints 10 --output "$save/averaged"
ts_fairseq generate "$data" --path "$save/averaged" --gen-subset test --beam 5 --batch-size 128 --remove-bpe
export_model "$data" "$save/averaged" "$save/model"
