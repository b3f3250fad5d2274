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

# install PACKAGES: through apt where it may; whether that succeeded shows in what is there afterwards.
install() {
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >/dev/null 2>&1 || true
  elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
    say "installing $*"
    { sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >/dev/null 2>&1 || true
  fi
}
have_header() { [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ] || [ -n "$2" ]; }

# The native add-ons need a C++ compiler, make, Python (for node-gyp) and a library each. Without them everything but the
# training of SentencePiece models works, on --device wasm.
have_tools() { command -v g++ >/dev/null && command -v make >/dev/null && command -v python3 >/dev/null; }
have_native_tools() { have_tools && have_header dnnl.hpp "${ONEDNN_ROOT:-}"; }
have_sentencepiece() { have_tools && have_header sentencepiece_trainer.h "${SENTENCEPIECE_ROOT:-}"; }
if ! have_native_tools; then
  packages="g++ make python3 libdnnl-dev"
  install $packages
  have_native_tools || say "no compiler or no oneDNN: computing on --device wasm, slower; for the fast device: sudo apt-get install $packages"
fi
if ! have_sentencepiece; then
  install libsentencepiece-dev
  have_sentencepiece || say "no compiler or no SentencePiece library: spm-train and samples are off; for them: sudo apt-get install g++ make python3 libsentencepiece-dev"
fi

# npm ci only when the lock file or the machine's Node changed.
stamp=node_modules/.ts-fairseq-setup
key="$(node --version) $(cksum package-lock.json packages/*/package.json | cksum)"
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$key" ]; then
  say "installing npm packages"
  npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
  printf '%s' "$key" >"$stamp"
fi

if have_native_tools; then node packages/tfjs-backend-onednn/scripts/build.js; fi
if have_sentencepiece; then node packages/sentencepiece-native/scripts/build.js; fi

npx --no-install tsc -b
