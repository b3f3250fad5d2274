#!/usr/bin/env bash
# Prepares Multi30k task 1: Moses tokens (-a), lowercased or cased, joint BPE of 8,000 merges, joined dictionary.
#   bash scripts/prepare-multi30k.sh [--from FILE|DIR] [--to DATA_BIN] [--langs de-en] [--case lower]
# --from PATH  folder or archive with {train,val,test_2016_flickr}.{SRC,TGT}.gz; without it the script downloads them
# --to DIR     folder for the dictionaries and binarised splits [data-bin/multi30k.SRC-TGT]; the text goes to DIR/text
# --langs S-T  source and target: de, en or fr [de-en]
# --case CASE  lower or keep [lower]
# Every step writes complete files, so an interrupted run can be repeated.
set -euo pipefail
recipe="prepare-multi30k" usage="prepare-multi30k.sh [--from FILE|DIR] [--to DATA_BIN] [--langs de-en] [--case lower]"
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
source="https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"

from="" to="" langs="de-en" case="lower"
parse_options "from to langs case" "$@"
[[ "$langs" =~ ^(de|en|fr)-(de|en|fr)$ ]] || fail "--langs '$langs' is not two of de, en, fr joined by '-', e.g. de-en"
src="${langs%-*}" tgt="${langs#*-}"
[ "$src" != "$tgt" ] || fail "--langs '$langs' names the same language twice"
[ "$case" = lower ] || [ "$case" = keep ] || fail "--case '$case' is neither lower nor keep"
to="${to:-data-bin/multi30k.$langs}"
need_build

text="$to/text"
mkdir -p "$text"
[ -z "$from" ] || published_folder "$from" "$text"
for split in train val test_2016_flickr; do
  for lang in "$src" "$tgt"; do
    name="$split.$lang.gz"
    if [ -n "$from" ]; then
      packed="$(find_file "$from" "$name")"
    else
      packed="$text/$name"
      download "$source/$name" "$packed"
    fi
    gzip -dc "$packed" 2>/dev/null | complete_file "$text/raw.$split.$lang" || fail "$packed is not a complete gzip file; download it again"
    say "tokenizing $split.$lang"
    ts_fairseq tokenize -l "$lang" -a "$text/raw.$split.$lang" "$text/tok.$split.$lang"
    if [ "$case" = lower ]; then
      ts_fairseq lowercase "$text/tok.$split.$lang" "$text/words.$split.$lang"
    else
      cp "$text/tok.$split.$lang" "$text/words.$split.$lang"
    fi
  done
  same_lines "$text/words.$split.$src" "$text/words.$split.$tgt"
done

say "learning 8,000 joint BPE merges"
ts_fairseq learn-joint-bpe-and-vocab --input "$text/words.train.$src" "$text/words.train.$tgt" -s 8000 \
  --output "$text/codes" --write-vocabulary "$text/vocab.$src" "$text/vocab.$tgt"
for split in train val test_2016_flickr; do
  for lang in "$src" "$tgt"; do
    ts_fairseq apply-bpe -c "$text/codes" "$text/words.$split.$lang" "$text/bpe.$split.$lang"
  done
done

rm -f "$to"/dict.*.txt
ts_fairseq preprocess --source-lang "$src" --target-lang "$tgt" --joined-dictionary --destdir "$to" \
  --trainpref "$text/bpe.train" --validpref "$text/bpe.val" --testpref "$text/bpe.test_2016_flickr"
record_text_steps <<END
tokenizer: moses
lowercase: $([ "$case" = lower ] && echo true || echo false)
bpe_codes: codes
trained_on: Multi30k task 1 $langs, descriptions of the images of Flickr30k
data_license: its publishers do not state one
END
say "wrote $to"
