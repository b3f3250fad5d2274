#!/usr/bin/env bash
# Multi30k task 1 as translation data: Moses tokens (-a), lowercased, joint BPE of 8,000 merges, joined dictionary.
#   bash scripts/prepare-multi30k.sh [--from DIR] [--to DATA_BIN] [--langs de-en]
# --from DIR   folder with {train,val,test_2016_flickr}.{SRC,TGT}.gz; without it they are downloaded
# --to DIR     gets the dictionaries and the binarised splits [data-bin/multi30k.SRC-TGT]; the text lies in DIR/text
# --langs S-T  source and target: de, en or fr [de-en]
# Every step writes whole files, so an interrupted run is repeated safely.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
source="https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"

fail() { printf 'prepare-multi30k: %s\n' "$*" >&2; exit 2; }
say() { printf 'prepare-multi30k: %s\n' "$*" >&2; }
ts_fairseq() { node "$root/bin/ts-fairseq.js" "$@"; }

from="" to="" langs="de-en"
while [ $# -gt 0 ]; do
  case "$1" in
    --from | --to | --langs)
      [ $# -ge 2 ] || fail "$1 needs a value"
      printf -v "${1#--}" '%s' "$2"
      shift 2
      ;;
    *) fail "unknown option '$1'; usage: prepare-multi30k.sh [--from DIR] [--to DATA_BIN] [--langs de-en]" ;;
  esac
done
[[ "$langs" =~ ^(de|en|fr)-(de|en|fr)$ ]] || fail "--langs '$langs' is not two of de, en, fr joined by '-', e.g. de-en"
src="${langs%-*}" tgt="${langs#*-}"
[ "$src" != "$tgt" ] || fail "--langs '$langs' names one language twice"
to="${to:-data-bin/multi30k.$langs}"
[ -e "$root/dist/src/cli/main.js" ] || bash "$root/scripts/setup.sh" >&2

text="$to/text"
mkdir -p "$text"
for split in train val test_2016_flickr; do
  for lang in "$src" "$tgt"; do
    name="$split.$lang.gz"
    raw="$text/raw.$split.$lang"
    if [ -n "$from" ]; then
      [ -f "$from/$name" ] || fail "$from/$name is missing; --from needs {train,val,test_2016_flickr}.{$src,$tgt}.gz"
      gzip -dc "$from/$name" >"$raw.part" || fail "$from/$name is not a whole gzip file; fetch it again"
    else
      say "downloading $name"
      curl -fsSL "$source/$name" | gzip -dc >"$raw.part" || fail "$source/$name cannot be had; download the files by hand and give --from"
    fi
    mv "$raw.part" "$raw"
    ts_fairseq tokenize -l "$lang" -a "$raw" "$text/tok.$split.$lang"
    ts_fairseq lowercase "$text/tok.$split.$lang" "$text/lower.$split.$lang"
  done
  [ "$(wc -l <"$text/lower.$split.$src")" = "$(wc -l <"$text/lower.$split.$tgt")" ] ||
    fail "$split.$src and $split.$tgt have different numbers of lines; fetch them again"
done

say "learning 8,000 joint BPE merges"
ts_fairseq learn-joint-bpe-and-vocab --input "$text/lower.train.$src" "$text/lower.train.$tgt" -s 8000 \
  --output "$text/codes" --write-vocabulary "$text/vocab.$src" "$text/vocab.$tgt"
for split in train val test_2016_flickr; do
  for lang in "$src" "$tgt"; do
    ts_fairseq apply-bpe -c "$text/codes" "$text/lower.$split.$lang" "$text/bpe.$split.$lang"
  done
done

rm -f "$to"/dict.*.txt
ts_fairseq preprocess --source-lang "$src" --target-lang "$tgt" --joined-dictionary --destdir "$to" \
  --trainpref "$text/bpe.train" --validpref "$text/bpe.val" --testpref "$text/bpe.test_2016_flickr"
say "wrote $to"
