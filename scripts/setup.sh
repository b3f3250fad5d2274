#!/usr/bin/env bash
# Sets up everything that quickstart.sh and test.sh need; a second run skips what is there already.
#   system packages (through apt where it may), npm packages, the native add-ons, the compiled TypeScript
#   bash scripts/setup.sh [--no-apt] [--help]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

use_apt=1
for argument in "$@"; do
  case "$argument" in
    --no-apt) use_apt="" ;;
    -h | --help)
      cat <<'END'
Usage: bash scripts/setup.sh [--no-apt]

Sets ts-fairseq up in this folder: system packages (a compiler, oneDNN, SentencePiece; through apt, with sudo where it asks
no password), npm packages, the native backends, the compiled TypeScript. About 4 minutes on 2 cores; a second run skips
what is there already. Without the system packages everything works on --device wasm, about 30 times slower.

  --no-apt    install no system packages: use what is there
  -h, --help  show this help
END
      exit 0
      ;;
    *) printf "setup: unknown argument '%s'; see bash scripts/setup.sh --help\n" "$argument" >&2; exit 2 ;;
  esac
done

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

command -v node >/dev/null || fail "Node.js 20 or newer is missing; install it (https://nodejs.org) and run this again"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
  fail "Node.js $(node --version) is too old; install version 20 or newer and run this again"

# One set-up at a time; the lock ends with the processes that have the file open.
if command -v flock >/dev/null; then
  exec 9<package.json
  flock -n 9 || { say "another set-up is running in this folder; waiting for it"; flock 9; }
fi

# install PACKAGES: through apt where it may, one by one, so that a missing one holds up no other; whether that succeeded
# shows in what is there afterwards.
install() {
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  [ -n "$use_apt" ] && command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || return 0
  say "installing $* through apt, about 1 minute"
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || true
  for package in "$@"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null 2>&1 || true
  done
}

# The native add-ons need a C++ compiler, make, Python (for node-gyp) and a library each. Without them everything but the
# training and samples of SentencePiece works, on --device wasm.
done_steps="" # what was done, for the last line
build() { node "packages/$1/scripts/build.js" "${@:2}"; }
# needed: the system packages of the add-ons that neither are built nor can be.
needed() {
  local libraries=""
  build tfjs-backend-onednn --check >/dev/null || libraries+=" libdnnl-dev"
  build sentencepiece-native --check >/dev/null || libraries+=" libsentencepiece-dev"
  [ -z "$libraries" ] || printf 'g++ make python3%s' "$libraries"
}
packages="$(needed)"
if [ -n "$packages" ]; then
  before="$packages"
  install $packages
  packages="$(needed)"
  [ "$packages" = "$before" ] || done_steps+="installed system packages; "
fi
case $packages in
  "") ;;
  *libdnnl*libsentencepiece*)
    say "no compiler or no libraries: computing on --device wasm, about 30 times slower, without spm-train and samples; to fix it: sudo apt-get install $packages" ;;
  *libdnnl*)
    say "no compiler or no oneDNN: computing on --device wasm, about 30 times slower; for the fast device: sudo apt-get install $packages" ;;
  *)
    say "no compiler or no SentencePiece library: spm-train and samples are off; for them: sudo apt-get install $packages" ;;
esac

# npm ci only when the lock file or the machine's Node changed.
stamp=node_modules/.ts-fairseq-setup
key="$(node --version) $(cksum package-lock.json packages/*/package.json | cksum)"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$key" ]; then
  [ -w . ] || fail "this folder may not be written to; clone the repository into one that may"
  say "installing npm packages, about 1 minute"
  npm ci --include=dev --no-audit --no-fund --no-update-notifier --ignore-scripts --loglevel=error ||
    fail "npm could not install the packages (see its messages above); run this again when the cause is fixed"
  printf '%s' "$key" >"$stamp"
  done_steps+="installed npm packages; "
fi

# compile PACKAGE TIME WITHOUT: builds an add-on where that has not been done; WITHOUT says what a failure means.
compile() {
  build "$1" --done && return
  say "compiling $1, $2"
  build "$1" || { say "$3"; return; }
  done_steps+="compiled $1; "
}
[[ $packages == *libdnnl* ]] ||
  compile tfjs-backend-onednn "the native backend, about 2 minutes" "computing on --device wasm, about 30 times slower"
[[ $packages == *libsentencepiece* ]] ||
  compile sentencepiece-native "about 20 seconds" "spm-train and samples are off"

say "compiling TypeScript, about 20 seconds"
npx --no-install tsc -b
device=cpu
[[ $packages != *libdnnl* ]] && build tfjs-backend-onednn --done || device=wasm
say "done: ${done_steps:-everything was there already; }computing on --device $device"
say "next: bash scripts/quickstart.sh, or npx ts-fairseq --help"
