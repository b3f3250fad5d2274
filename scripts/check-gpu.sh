#!/usr/bin/env bash
# Checks --device cuda on a machine with a GPU: kernels, losses, translations, speed beside PyTorch's. Results are JSON.
#   bash scripts/check-gpu.sh bundle [FILE]   here: makes a bundle for a machine without Node and network; it needs glibc 2.34
#   bash scripts/check-gpu.sh run [BUNDLE] [OUT]   there, or in a checkout that has cubins: runs the checks, 330 s at most
# With --small after `run` it takes small models. TFJS_CUDA_DRIVER=emulated and TFJS_CUDA_EMULATION_FOLDER, the absolute path of
# packages/tfjs-backend-cuda/build/emulation, run it without a GPU.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
case "${1:-}" in
  bundle) shift; exec node "$root/scripts/gpu-check/bundle.js" "$@" ;;
  run)
    shift
    small=()
    [ "${1:-}" != --small ] || { small=(--small); shift; }
    bundle="${1:-$root/packages/tfjs-backend-cuda/build/gpu-check.tar.xz}" out="$(realpath -m "${2:-gpu-check.json}")"
    [ -e "$bundle" ] || { echo "check-gpu: $bundle does not exist; make it with: bash scripts/check-gpu.sh bundle" >&2; exit 2; }
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    # Small images have no xz; Python reads the archive too.
    if command -v xz >/dev/null; then tar -C "$work" -xJf "$bundle"
    else python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1], "r:xz").extractall(sys.argv[2])' "$bundle" "$work"; fi
    "$work/gpu-check/node" "$work/gpu-check/scripts/gpu-check/check.js" --out "$out" "${small[@]}"
    ;;
  *) echo "usage: bash scripts/check-gpu.sh bundle [FILE] | run [--small] [BUNDLE] [OUT]" >&2; exit 2 ;;
esac
