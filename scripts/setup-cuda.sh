#!/usr/bin/env bash
# Prepares --device cuda: fetches NVIDIA's compiler and compiles the kernels for GPUs. See --help.
exec bash "$(dirname "${BASH_SOURCE[0]}")/../packages/tfjs-backend-cuda/scripts/setup-cuda.sh" "$@"
