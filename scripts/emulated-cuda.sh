#!/usr/bin/env bash
# Runs a command of ts-fairseq with --device cuda on the emulated driver: the kernels for GPUs, on the processor. For tests and for
# development without a GPU; it is hundreds of times slower than one.
#   bash scripts/emulated-cuda.sh train data-bin/embedded.de-en --device cuda …
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
node "$root/packages/tfjs-backend-cuda/scripts/build.js"
node "$root/packages/tfjs-backend-cuda/scripts/build-emulation.js"
TFJS_CUDA_DRIVER=emulated exec node "$root/bin/ts-fairseq.js" "$@"
