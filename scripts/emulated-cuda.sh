#!/usr/bin/env bash
# Runs a command of ts-fairseq with CUDA's driver emulated on the processor: the same kernels, compiled by g++. It shows
# whether --device cuda is right on a machine without a GPU; it is very slow.
#   bash scripts/emulated-cuda.sh train data-bin/embedded.de-en --device cuda …
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
node "$root/packages/tfjs-backend-cuda/scripts/build.js"
node "$root/packages/tfjs-backend-cuda/scripts/build-emulation.js"
TFJS_CUDA_DRIVER=emulated exec node "$root/bin/ts-fairseq.js" "$@"
