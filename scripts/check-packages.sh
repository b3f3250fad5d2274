#!/usr/bin/env bash
# Packs every package, installs it with npm into an empty project, with its dependencies from the registry, and uses it there. The
# tests in test/packages do the same without a network, from the dependencies of this folder.
#   bash scripts/check-packages.sh [--native] [MODEL]
# --native  also compile the add-ons in the empty projects, which takes about 8 minutes on 2 cores
# MODEL     the folder of a model; default: models/quickstart
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
usage="usage: bash scripts/check-packages.sh [--native] [MODEL]"
native="" model="$root/models/quickstart"
for argument in "$@"; do
  case "$argument" in
    --native) native=1 ;;
    -*) printf "check-packages: unknown argument '%s'; %s\n" "$argument" "$usage" >&2; exit 2 ;;
    *) model="$(realpath "$argument")" ;;
  esac
done
[ -e "$model/model.json" ] || { printf 'check-packages: %s is not the folder of a model; run scripts/quickstart.sh\n' "$model" >&2; exit 2; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
say() { printf 'check-packages: %s\n' "$*"; }
fail() { printf 'check-packages: %s\n' "$*" >&2; exit 1; }

# install_packed WORKSPACE: an empty project with the packed workspace, as the current folder.
install_packed() {
  local folder="$root/$1" name
  name="$(basename "$(realpath "$folder")")"
  mkdir -p "$work/$name/packed"
  (cd "$folder" && npm pack --silent --pack-destination "$work/$name/packed" >/dev/null)
  cd "$work/$name"
  echo '{ "private": true, "type": "module" }' >package.json
  npm install --loglevel error --no-audit --no-fund ./packed/*.tgz >/dev/null
  say "$1: $(du -sk node_modules | cut -f1) KiB installed"
}

# expect WHAT EXPECTED ACTUAL
expect() { [ "$2" = "$3" ] || fail "$1: '$3' instead of '$2'"; }

# build PACKAGE: compiles its add-on, with --native.
build() { [ -z "$native" ] || node "node_modules/$1/scripts/build.js"; }

text='Nicht abgeschlossenes Zeichenfolgenliteral.'
translation="$(node "$root/bin/ts-fairseq.js" translate "$model" "$text")"

# translates PACKAGE: by library; the same in any package.
translates() {
  node --input-type=module --eval "
    import { Translator } from '$1';
    const translator = await Translator.load(process.argv[1]);
    console.log((await translator.translateText(process.argv[2])).text);
    translator.dispose();" "$model" "$text" 2>/dev/null
}

install_packed packages/translate
[ -z "$native" ] || npx --no-install ts-fairseq-translate build
expect 'the command ts-fairseq-translate' "$translation" "$(npx --no-install ts-fairseq-translate "$model" "$text" 2>/dev/null)"
expect 'the library ts-fairseq-translate' "$translation" "$(translates ts-fairseq-translate)"
[ -z "$native" ] || say "packages/translate: $(du -sk node_modules | cut -f1) KiB with its add-ons"

install_packed .
build ts-fairseq/node_modules/tfjs-backend-onednn
expect 'the command ts-fairseq' "$translation" "$(npx --no-install ts-fairseq translate "$model" "$text" 2>/dev/null)"
expect 'the library ts-fairseq' "$translation" "$(translates ts-fairseq)"

install_packed packages/sacrebleu-ts
echo 'The dog bit the man.' >text
expect sacrebleu-ts 100.0 "$(npx --no-install sacrebleu-ts text --input text --score-only)"

install_packed packages/sentencepiece-native
build sentencepiece-native
node --input-type=module --eval "
  import { addon, isAvailable } from 'sentencepiece-native';
  if (isAvailable().available) {
    const { Model, train } = addon();
    const batches = [['A sentence.'], null];
    const options = { model_type: 'bpe', vocab_size: '16', hard_vocab_limit: 'false' };
    const model = new Model(train(options, () => batches.shift() ?? null));
    if (model.decodeLine(model.encodeLine('A sentence.')) !== 'A sentence.') process.exit(1);
  } else if ('$native' !== '') throw new Error(isAvailable().reason);"

install_packed packages/tfjs-backend-onednn
build tfjs-backend-onednn
node --input-type=module --eval "
  import { createRequire } from 'node:module';
  import { isAvailable, registerOneDnnBackend } from 'tfjs-backend-onednn';
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core');
  if (isAvailable().available) {
    registerOneDnnBackend();
    await tf.setBackend('onednn');
    const sum = tf.sum(tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]))).dataSync()[0];
    if (sum !== 12) throw new Error(String(sum));
  } else if ('$native' !== '') throw new Error(isAvailable().reason);"

install_packed packages/tfjs-backend-cuda
build tfjs-backend-cuda
node --input-type=module --eval "
  import { CudaUnavailable, registerCudaBackend } from 'tfjs-backend-cuda';
  try {
    registerCudaBackend();
  } catch (error) {
    if (!(error instanceof CudaUnavailable)) throw error;
  }"
say 'every package works in an empty project'
