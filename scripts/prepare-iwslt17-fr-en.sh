#!/usr/bin/env bash
# Prepares IWSLT 2017 Fr-En as in the encouraging-loss paper: Moses tokens, cased, one SentencePiece BPE model of 16,384 pieces for both
# sides, 1 to 250 pieces per sentence in the training text (fairseq's bounds), joined dictionary.
#   bash scripts/prepare-iwslt17-fr-en.sh [--from FILE|DIR] [--to DATA_BIN] [--valid SETS] [--test SETS] [--pieces N]
# --from FILE|DIR  the published archive (fr-en.tgz) or a folder with its files; without it the script downloads the archive
# --to DIR         folder for the dictionary and binarised splits [data-bin/iwslt17.fr-en]; the text goes to DIR/text
# --valid, --test  the sets to join [dev2010,tst2010,tst2011,tst2012,tst2013,tst2014] [tst2015]; the paper does not say
# --pieces N       size of the SentencePiece model [16384]
# Every step writes complete files, so an interrupted run can be repeated. An interrupted download is resumed.
set -euo pipefail
recipe="prepare-iwslt17-fr-en"
usage="prepare-iwslt17-fr-en.sh [--from FILE|DIR] [--to DATA_BIN] [--valid SETS] [--test SETS] [--pieces N]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
url="https://wit3.fbk.eu/archive/2017-01-trnted/texts/fr/en/fr-en.tgz"

from="" to="data-bin/iwslt17.fr-en" pieces=16384
valid="dev2010,tst2010,tst2011,tst2012,tst2013,tst2014" test="tst2015"
parse_options "from to valid test pieces" "$@"
[[ "$pieces" =~ ^[1-9][0-9]*$ ]] || fail "--pieces '$pieces' is not a number of pieces, e.g. 16384"
need_build
text="$to/text"
mkdir -p "$text"

published_folder "$from" "$text" "$url"

# join_sets SPLIT SETS LANG: tokenizes and concatenates dev or test sets.
join_sets() {
  local set files=()
  for set in ${2//,/ }; do
    iwslt_tokens mteval "IWSLT17.TED.$set.fr-en.$3.xml" "$3" "$set" --straight-apostrophes
    files+=("$text/tok.$set.$3")
  done
  [ ${#files[@]} -gt 0 ] || fail "--$1 names no sets, e.g. dev2010,tst2010"
  cat "${files[@]}" | complete_file "$text/tok.$1.$3"
}

say "1/5 tokenizing the training text"
for lang in fr en; do iwslt_tokens tags "train.tags.fr-en.$lang" "$lang" train; done

say "2/5 tokenizing and joining the dev and test sets"
for lang in fr en; do
  join_sets valid "$valid" "$lang"
  join_sets test "$test" "$lang"
done
for split in train valid test; do same_lines "$text/tok.$split.fr" "$text/tok.$split.en"; done

say "3/5 training a joint SentencePiece model of $pieces pieces"
ts_fairseq spm-train --input "$text/tok.train.fr,$text/tok.train.en" --model-prefix "$text/spm" \
  --model-type bpe --vocab-size "$pieces" --character-coverage 1.0 --minloglevel 1

say "4/5 splitting into pieces"
for split in train valid test; do
  for lang in fr en; do
    ts_fairseq spm-encode --model "$text/spm.model" "$text/tok.$split.$lang" "$text/pieces.$split.$lang"
  done
done
# No pair of 1 to 250 pieces has a ratio of 251, so only the lengths matter.
ts_fairseq clean-corpus "$text/pieces.train.fr" "$text/pieces.train.en" \
  "$text/spm.train.fr" "$text/spm.train.en" 1 250 --ratio 251
for lang in fr en; do
  for split in valid test; do cat "$text/pieces.$split.$lang" | complete_file "$text/spm.$split.$lang"; done
done

say "5/5 binarising"
rm -f "$to"/dict.*.txt
ts_fairseq preprocess --source-lang fr --target-lang en --joined-dictionary --destdir "$to" \
  --trainpref "$text/spm.train" --validpref "$text/spm.valid" --testpref "$text/spm.test"
record_text_steps <<'END'
tokenizer: moses
moses_no_dash_splits: true
spm_model: spm.model
trained_on: IWSLT 2017 Fr-En, transcripts of TED talks from WIT3
data_license: CC BY-NC-ND 4.0
END
say "wrote $to"
