#!/usr/bin/env bash
# Fetches NVIDIA's compiler for GPU kernels (NVRTC, 90 MB) with pip and compiles the kernels of this package with it. Afterwards only
# the driver is needed. NVIDIA's libraries come under NVIDIA's licence and go to build/libraries. Python only fetches them.
#   bash scripts/setup-cuda.sh [--architecture=sm_NN] [--cublas] [--development] [--help]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=("nvidia-cuda-nvrtc-cu12==12.9.86")
architectures=()
for argument in "$@"; do
  case "$argument" in
    --architecture=sm_*) architectures+=("$argument") ;;
    --development) packages+=("nvidia-cuda-nvdisasm==13.5.37") ;;
    --cublas) packages+=("nvidia-cublas-cu12==12.9.1.4") ;;
    -h | --help)
      cat <<'END'
Usage: bash scripts/setup-cuda.sh [--architecture=sm_NN] [--cublas] [--development]

Prepares --device cuda: fetches NVIDIA's compiler NVRTC (90 MB, through pip) unless an installed CUDA has it, and compiles the
kernels for GPUs from sm_80 on. A GPU is not needed for this; to compute, its driver (525 or newer) is.

  --architecture=sm_NN  compile for this architecture, e.g. that of a Jetson (sm_87), instead of sm_80, 90, 100 and 120, which
                        every other GPU can use
  --cublas              fetch cuBLASLt too (580 MB)
  --development         fetch nvdisasm too (5 MB), with which npm run check:cuda reads the machine code of the kernels
  -h, --help            show this help
END
      exit 0
      ;;
    *) printf "setup-cuda: unknown argument '%s'; see bash scripts/setup-cuda.sh --help\n" "$argument" >&2; exit 2 ;;
  esac
done

say() { printf 'setup-cuda: %s\n' "$*"; }
fail() { printf 'setup-cuda: %s\n' "$*" >&2; exit 2; }
libraries=build/libraries

node scripts/build.js --done || node scripts/build.js
node scripts/build.js --done || fail "the add-on is not built (see above); fix the cause and run this again"

# fetch PACKAGE==VERSION: downloads and unpacks a wheel, unless that is done. The stamp is written last.
fetch() {
  local stamp="$libraries/$1.done" wheels
  [ -f "$stamp" ] && return
  say "fetching ${1%%==*}"
  wheels="$(mktemp -d)"
  python3 -m pip download --quiet --no-deps --only-binary :all: --disable-pip-version-check --dest "$wheels" "$1" ||
    { rm -rf "$wheels"; fail "pip could not download $1 (see above); fix the cause, or install CUDA 12.8 or newer, and run this again"; }
  mkdir -p "$libraries"
  python3 -m zipfile -e "$wheels"/*.whl "$libraries"
  find "$libraries" -path '*/bin/*' -type f -exec chmod +x {} + # zipfile does not set modes
  rm -rf "$wheels"
  touch "$stamp"
}

# NVRTC of an installed CUDA is as good, if it knows all architectures.
needs_nvrtc() { ! node scripts/build-cubins.js --has-compiler "${architectures[@]}"; }
for name in "${packages[@]}"; do
  case $name in
    *nvrtc*) needs_nvrtc || continue ;;
  esac
  command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 ||
    fail "pip is missing: sudo apt-get install python3-pip, or install CUDA 12.8 or newer; then run this again"
  fetch "$name"
done

say "compiling the kernels"
node scripts/build-cubins.js "${architectures[@]}"
say "done"
