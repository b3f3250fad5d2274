#!/usr/bin/env bash
# Prepares the embedded corpus, TypeScript's messages in German and English: Moses tokens, truecased, joint BPE of 2,000 merges,
# joined dictionary. The npm package `typescript` ships the messages.
#   bash scripts/prepare-embedded.sh [--to DATA_BIN]
# --to DIR  folder for the dictionaries and binarised splits [data-bin/embedded.de-en]; the text goes to DIR/text
set -euo pipefail
recipe="prepare-embedded" usage="prepare-embedded.sh [--to DATA_BIN]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

to="data-bin/embedded.de-en"
parse_options "to" "$@"
need_build

text="$to/text"
rm -rf "$to"
mkdir -p "$text"
node "$root/scripts/make-embedded-corpus.js" --language de --to "$text/raw"
for lang in de en; do
  for split in train valid test; do ts_fairseq tokenize -l "$lang" "$text/raw/$split.$lang" "$text/tok.$split.$lang"; done
  ts_fairseq train-truecaser --corpus "$text/tok.train.$lang" --model "$text/truecase.$lang"
  for split in train valid test; do
    ts_fairseq truecase --model "$text/truecase.$lang" "$text/tok.$split.$lang" "$text/words.$split.$lang"
  done
done
ts_fairseq learn-joint-bpe-and-vocab --input "$text/words.train.de" "$text/words.train.en" -s 2000 \
  --output "$text/codes" --write-vocabulary "$text/vocab.de" "$text/vocab.en"
for lang in de en; do
  for split in train valid test; do
    ts_fairseq apply-bpe -c "$text/codes" "$text/words.$split.$lang" "$text/bpe.$split.$lang"
  done
done
ts_fairseq preprocess --source-lang de --target-lang en --joined-dictionary --destdir "$to" \
  --trainpref "$text/bpe.train" --validpref "$text/bpe.valid" --testpref "$text/bpe.test"
