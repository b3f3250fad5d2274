# Functions of the recipes (prepare-*.sh, train-*.sh), which source this file after setting: recipe (the name of the script), usage.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

fail() { printf '%s: %s\n' "$recipe" "$*" >&2; exit 2; }
say() { printf '%s: %s\n' "$recipe" "$*" >&2; }
ts_fairseq() { node "$root/bin/ts-fairseq.js" "$@"; }

# parse_options "NAME …" "$@": sets the variable of every --NAME VALUE.
parse_options() {
  local names=" $1 "
  shift
  while [ $# -gt 0 ]; do
    [[ "$1" == --* && "$names" == *" ${1#--} "* ]] || fail "unknown option '$1'; usage: $usage"
    [ $# -ge 2 ] || fail "$1 needs a value; usage: $usage"
    printf -v "${1#--}" '%s' "$2"
    shift 2
  done
}

# need_build: runs setup.sh unless the toolkit is built.
need_build() { [ -e "$root/dist/src/cli/main.js" ] || bash "$root/scripts/setup.sh" >&2; }

# download URL FILE: downloads a file unless it exists; resumes an interrupted download.
download() {
  [ -f "$2" ] && return
  say "downloading $(basename "$2")"
  local show=-sS
  [ -t 2 ] && show=--progress-bar
  curl -fL "$show" --retry 3 -C - -o "$2.part" "$1" >&2 ||
    fail "$1 cannot be downloaded; download it by hand and use --from"
  mv "$2.part" "$2"
}

# unpack ARCHIVE FOLDER: extracts a tar or zip archive, completely or not at all.
unpack() {
  [ -f "$1" ] || fail "$1 is neither a file nor a folder"
  rm -rf "$2.part"
  mkdir -p "$2.part"
  say "unpacking $(basename "$1")"
  case "$1" in
    *.zip) unzip -q "$1" -d "$2.part" >&2 ;;
    *) tar -xf "$1" -C "$2.part" 2>/dev/null ;;
  esac || { rm -rf "$2.part"; fail "$1 is not a complete archive (tar, tar.gz, tgz or zip); download it again"; }
  rm -rf "$2"
  mv "$2.part" "$2"
}

# published_folder FROM TEXT [URL]: sets `from` to a folder with the published files: FROM itself, or what the archive
# FROM, or the one at URL, unpacks to in TEXT.
published_folder() {
  from="$1"
  if [ -z "$from" ]; then
    from="$2/$(basename "$3")"
    download "$3" "$from"
  fi
  [ -d "$from" ] && return
  unpack "$from" "$2/archive"
  from="$2/archive"
}

# iwslt_tokens FORMAT FILE LANG NAME [FLAG …]: the sentences of a published file, in $text/raw.NAME.LANG, and their tokens,
# in $text/tok.NAME.LANG.
iwslt_tokens() {
  local format=$1 file lang=$3 name=$4
  file="$(find_file "$from" "$2")"
  shift 4
  ts_fairseq extract-iwslt --format "$format" "$@" "$file" "$text/raw.$name.$lang"
  ts_fairseq tokenize -l "$lang" "$text/raw.$name.$lang" "$text/tok.$name.$lang"
}

# find_file FOLDER NAME: prints the path of the file with this name anywhere in the folder.
find_file() {
  local found
  found="$(find "$1" -type f -name "$2" | LC_ALL=C sort | head -n 1)"
  [ -n "$found" ] || fail "$2 is missing in $1; use the published archive or a folder with its files"
  printf '%s\n' "$found"
}

# same_lines A B: fails unless the two sides of a corpus have the same number of lines, at least one.
same_lines() {
  local a b
  a="$(wc -l <"$1")" b="$(wc -l <"$2")"
  [ "$a" -eq "$b" ] || fail "$(basename "$1") has $a lines, $(basename "$2") has $b; download the files again"
  [ "$a" -gt 0 ] || fail "$(basename "$1") has no lines; download the files again"
}

# complete_file FILE: writes stdin to a file, which appears only when it is complete.
complete_file() { cat >"$1.part" && mv "$1.part" "$1"; }

# record_text_steps: writes stdin, options of ts-fairseq export that say how text becomes the tokens of this corpus, to
# $text/model.yaml. Names of files are relative to that folder.
record_text_steps() { complete_file "$text/model.yaml"; }

# export_model DATA CHECKPOINT FOLDER: exports a checkpoint with the options that record_text_steps has written.
export_model() {
  local data checkpoint folder
  data="$(realpath "$1")" checkpoint="$(realpath -m "$2")" folder="$(realpath -m "$3")"
  if [ ! -f "$data/text/model.yaml" ]; then
    say "no model folder is written: $1/text/model.yaml does not say how the data was prepared. Prepare it again, or run ts-fairseq export"
    return
  fi
  (cd "$data/text" && ts_fairseq export --config model.yaml --path "$checkpoint" --data "$data" --to "$folder" --beam 5)
  say "translate with: ts-fairseq translate $3 'TEXT'"
}
