#!/usr/bin/env bash
# Prepares IWSLT 2014 De-En as in fairseq's example: Moses tokens, lowercased, 1 to 175 tokens, ratio 1.5, every 23rd pair in
# valid, five dev and test sets joined to test, joint BPE of 10,000 merges, two dictionaries.
#   bash scripts/prepare-iwslt14.sh [--from FILE|DIR] [--to DATA_BIN]
# --from FILE|DIR  the published archive (de-en.tgz) or a folder with its files; without it the script downloads the archive
# --to DIR         folder for the dictionaries and binarised splits [data-bin/iwslt14.de-en]; the text goes to DIR/text
# Every step writes complete files, so an interrupted run can be repeated. An interrupted download is resumed.
set -euo pipefail
recipe="prepare-iwslt14" usage="prepare-iwslt14.sh [--from FILE|DIR] [--to DATA_BIN]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
url="http://dl.fbaipublicfiles.com/fairseq/data/iwslt14/de-en.tgz"

from="" to="data-bin/iwslt14.de-en"
parse_options "from to" "$@"
need_build
text="$to/text"
mkdir -p "$text"

published_folder "$from" "$text" "$url"

say "1/5 tokenizing and cleaning the training text"
for lang in de en; do iwslt_tokens tags "train.tags.de-en.$lang" "$lang" train; done
same_lines "$text/tok.train.de" "$text/tok.train.en"
ts_fairseq clean-corpus "$text/tok.train.de" "$text/tok.train.en" \
  "$text/clean.train.de" "$text/clean.train.en" 1 175 --ratio 1.5

say "2/5 taking every 23rd pair for validation, joining the dev and test sets"
for lang in de en; do
  ts_fairseq lowercase "$text/clean.train.$lang" "$text/lower.$lang"
  awk 'NR % 23 == 0' "$text/lower.$lang" | complete_file "$text/valid.$lang"
  awk 'NR % 23 != 0' "$text/lower.$lang" | complete_file "$text/train.$lang"
  for set in TED.dev2010 TEDX.dev2012 TED.tst2010 TED.tst2011 TED.tst2012; do
    iwslt_tokens mteval "IWSLT14.$set.de-en.$lang.xml" "$lang" "$set" --straight-apostrophes
    ts_fairseq lowercase "$text/tok.$set.$lang" "$text/lower.$set.$lang"
  done
  cat "$text"/lower.{TED.dev2010,TEDX.dev2012,TED.tst2010,TED.tst2011,TED.tst2012}."$lang" | complete_file "$text/test.$lang"
done
for split in train valid test; do same_lines "$text/$split.de" "$text/$split.en"; done

say "3/5 learning 10,000 joint BPE merges"
cat "$text/train.de" "$text/train.en" | ts_fairseq learn-bpe -s 10000 - "$text/codes"

say "4/5 applying them"
for split in train valid test; do
  for lang in de en; do ts_fairseq apply-bpe -c "$text/codes" "$text/$split.$lang" "$text/bpe.$split.$lang"; done
done

say "5/5 binarising"
rm -f "$to"/dict.*.txt
ts_fairseq preprocess --source-lang de --target-lang en --destdir "$to" \
  --trainpref "$text/bpe.train" --validpref "$text/bpe.valid" --testpref "$text/bpe.test"
record_text_steps <<'END'
tokenizer: moses
moses_no_dash_splits: true
lowercase: true
bpe_codes: codes
trained_on: IWSLT 2014 De-En, transcripts of TED talks from WIT3
data_license: CC BY-NC-ND 4.0
END
say "wrote $to"
