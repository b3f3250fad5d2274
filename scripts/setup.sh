#!/usr/bin/env bash
# Installs and builds everything that quickstart.sh and test.sh need: system packages (through apt), npm packages, the native
# add-ons and the compiled TypeScript. A second run skips whatever is already done.
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

Sets up ts-fairseq in this folder: installs system packages (a C++ compiler, oneDNN, SentencePiece, Open MPI) and npm packages,
then compiles the native add-ons and TypeScript. Takes about 4 minutes on 2 cores; a second run skips whatever is already done.
System packages are installed through apt if you are root or have passwordless sudo. Without them everything works on
--device wasm, about 30 times slower, except spm-train, SentencePiece's sampling and training with several processes.

  --no-apt    install no system packages
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

# Only one setup runs at a time. The lock lasts until every process that has the file open has ended.
if command -v flock >/dev/null; then
  exec 9<package.json
  flock -n 9 || { say "another setup is running in this folder; waiting for it to finish"; flock 9; }
fi

# may_use_apt: whether system packages can be installed without asking for a password.
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
may_use_apt() { [ -n "$use_apt" ] && command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; }

# apt_install PACKAGE …: installs each package on its own, so that one failure does not affect the others. If one fails, shows
# what apt-get wrote to stderr, including the errors of the update, which are often the cause.
apt_install() {
  local package errors failed=""
  errors="$(mktemp)"
  say "installing $* through apt, about 1 minute"
  "${as_root[@]}" apt-get update -qq >/dev/null 2>"$errors" || true
  for package in "$@"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null 2>>"$errors" ||
      failed+=" $package"
  done
  if [ -n "$failed" ]; then
    say "apt-get could not install$failed:" >&2
    sed 's/^/setup:   /' "$errors" >&2
  fi
  rm -f "$errors"
}

# The native add-ons need a C++ compiler, make, Python (for node-gyp) and one library each. Without them everything works on
# --device wasm except SentencePiece's training and sampling, and training with several processes.
done_steps="" # for the last line
build() { node "packages/$1/scripts/build.js" "${@:2}"; }
# needed: the missing system packages of the add-ons that are not built.
needed() {
  local libraries=""
  build tfjs-backend-onednn --check >/dev/null || libraries+=" libdnnl-dev"
  build sentencepiece-native --check >/dev/null || libraries+=" libsentencepiece-dev"
  build mpi-native --check >/dev/null || libraries+=" libopenmpi-dev openmpi-bin"
  [ -z "$libraries" ] || printf 'g++ make python3%s' "$libraries"
}
packages="$(needed)"

# npm ci runs only if the lock file or the version of Node changed.
stamp=node_modules/.ts-fairseq-setup
key="$(node --version) $(cksum package-lock.json packages/*/package.json | cksum)"
npm_is_done() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; }

# What follows, and how to decline it.
if [ -n "$packages" ] && may_use_apt; then
  with_sudo=""
  [ ${#as_root[@]} = 0 ] || with_sudo=", with sudo"
  say "will install on this machine, through apt$with_sudo: $packages"
  say "  to decline, press Ctrl-C and run this again with --no-apt"
fi
npm_is_done || say "will install npm packages into $PWD/node_modules"

if [ -n "$packages" ] && may_use_apt; then
  before="$packages"
  apt_install $packages
  packages="$(needed)"
  [ "$packages" = "$before" ] || done_steps+="installed system packages; "
fi
case $packages in
  "") ;;
  *libdnnl*libsentencepiece*)
    say "no compiler or no libraries: computing on --device wasm, about 30 times slower, without spm-train and sampling; to fix it: sudo apt-get install $packages" ;;
  *libdnnl*)
    say "no compiler or no oneDNN: computing on --device wasm, about 30 times slower; to fix it: sudo apt-get install $packages" ;;
  *libsentencepiece*)
    say "no compiler or no SentencePiece library: spm-train and sampling are not available; to fix it: sudo apt-get install $packages" ;;
  *)
    say "no compiler or no Open MPI: training with several processes is not available; to fix it: sudo apt-get install $packages" ;;
esac

if ! npm_is_done; then
  [ -w . ] || fail "this folder is not writable; clone the repository into one that is"
  say "installing npm packages, about 1 minute"
  npm ci --include=dev --no-audit --no-fund --no-update-notifier --ignore-scripts --loglevel=error ||
    fail "npm could not install the packages (see its messages above); fix the cause and run this again"
  printf '%s' "$key" >"$stamp"
  done_steps+="installed npm packages; "
fi

# compile PACKAGE TIME CONSEQUENCE: builds an add-on unless it is built; prints the consequence if that fails.
compile() {
  build "$1" --done && return
  say "compiling $1, $2"
  build "$1" || { say "$3"; return; }
  done_steps+="compiled $1; "
}
[[ $packages == *libdnnl* ]] ||
  compile tfjs-backend-onednn "the native backend, about 2 minutes" "computing on --device wasm, about 30 times slower"
build tfjs-backend-cuda --check >/dev/null &&
  compile tfjs-backend-cuda "about 10 seconds" "computing on a GPU with --device cuda is not available"
[[ $packages == *libsentencepiece* ]] ||
  compile sentencepiece-native "about 20 seconds" "spm-train and sampling are not available"
[[ $packages == *libopenmpi* ]] ||
  compile mpi-native "about 10 seconds" "training with several processes is not available"

say "compiling TypeScript, about 20 seconds"
npx --no-install tsc -b
device=cpu
[[ $packages != *libdnnl* ]] && build tfjs-backend-onednn --done || device=wasm
say "done: ${done_steps:-nothing to do; }computing on --device $device"
say "next: bash scripts/quickstart.sh, or npx ts-fairseq --help"
