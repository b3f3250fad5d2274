#!/usr/bin/env bash
# Trains on IWSLT14 De-En with the settings of the encouraging-loss paper: 20,000 updates, the average of the last 10 epochs, beam 5.
#   bash scripts/train-iwslt-de-en.sh [DATA_BIN] [SAVE_DIR] [further train options, e.g. --log-end 1 --seed 2]
# The baseline, cross entropy with the paper's label smoothing (ε/V), is the same criterion with --bonus-weight 0.
# An interrupted run resumes from its last checkpoint. At the end, SAVE_DIR/model is the folder of a model that translates plain text.
set -euo pipefail
recipe="train-iwslt-de-en" usage="train-iwslt-de-en.sh [DATA_BIN] [SAVE_DIR] [train options]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
data="${1:-data-bin/iwslt14.de-en}" save="${2:-checkpoints/iwslt14.de-en}"
shift $(($# < 2 ? $# : 2))

ts_fairseq train "$data" --save-dir "$save" --arch transformer_iwslt_de_en --fp16 --dropout 0.4 \
  --criterion encouraging --log-end 0.5 --label-smoothing 0.1 --bonus-label-smoothing 0.1 \
  --optimizer adam --adam-betas '(0.9, 0.98)' --weight-decay 1e-4 --clip-norm 0.0 \
  --lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 4000 \
  --max-tokens 4096 --update-freq 4 --max-update 20000 --keep-last-epochs 10 --seed 1 \
  --eval-bleu --eval-bleu-args '{"beam": 5, "max_len_a": 1.2, "max_len_b": 10}' --eval-bleu-detok moses \
  --eval-bleu-remove-bpe --best-checkpoint-metric bleu --maximize-best-checkpoint-metric "$@"
ts_fairseq average-checkpoints --inputs "$save" --num-epoch-checkpoints 10 --output "$save/averaged"
ts_fairseq generate "$data" --path "$save/averaged" --gen-subset test --beam 5 --batch-size 128 --remove-bpe
export_model "$data" "$save/averaged" "$save/model"
