#!/usr/bin/env bash
# Sets up everything that quickstart.sh and test.sh need; a second run skips what is there already.
#   system packages (through apt where it may), npm packages, the native add-on, the compiled TypeScript
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

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
  command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || return 0
  say "installing $*"
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || true
  for package in "$@"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null 2>&1 || true
  done
}

# The native add-ons need a C++ compiler, make, Python (for node-gyp) and a library each. Without them everything but the
# training and samples of SentencePiece works, on --device wasm.
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
  install $packages
  packages="$(needed)"
fi
case $packages in
  "") ;;
  *libdnnl*libsentencepiece*)
    say "no compiler or no libraries: computing on --device wasm, slower, without spm-train and samples; to mend it: sudo apt-get install $packages" ;;
  *libdnnl*)
    say "no compiler or no oneDNN: computing on --device wasm, slower; for the fast device: sudo apt-get install $packages" ;;
  *)
    say "no compiler or no SentencePiece library: spm-train and samples are off; for them: sudo apt-get install $packages" ;;
esac

# npm ci only when the lock file or the machine's Node changed.
stamp=node_modules/.ts-fairseq-setup
key="$(node --version) $(cksum package-lock.json packages/*/package.json | cksum)"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$key" ]; then
  [ -w . ] || fail "this folder may not be written to; clone the repository into one that may"
  say "installing npm packages"
  npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts --loglevel=error ||
    fail "npm could not install the packages (see its messages above); run this again when the cause is mended"
  printf '%s' "$key" >"$stamp"
fi

[[ $packages == *libdnnl* ]] || build tfjs-backend-onednn || say "computing on --device wasm, slower"
[[ $packages == *libsentencepiece* ]] || build sentencepiece-native || say "spm-train and samples are off"

npx --no-install tsc -b
