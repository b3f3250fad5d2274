#!/usr/bin/env bash
# Compiles every C++ file, without linking, for each instruction set of binding.gyp and for arm64, against the oneDNN
# headers of a folder: for changes that must also compile where they were not made. Not part of the continuous integration.
#   bash scripts/check-compile.sh [folder with dnnl.hpp]      default: $ONEDNN_INCLUDE, else the system's headers
# Headers of oneDNN 3.x: pip download --no-deps onednn-devel && unzip onednn_devel-*.whl (…/data/include).
# A compiler that is missing is left out and named: Debian's g++, clang (with libomp-dev for omp.h), g++-aarch64-linux-gnu,
# by which clang compiles for arm64 too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

headers=${1:-${ONEDNN_INCLUDE:-}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$headers" ]; then
  # Links, because a cross compiler must not see the rest of the system's folder.
  for prefix in "${ONEDNN_ROOT:-/usr}" /usr/local; do
    [ -e "$prefix/include/dnnl.hpp" ] && ln -sf "$prefix"/include/dnnl* "$prefix/include/oneapi" "$work/" && break
  done
  headers=$work
fi
[ -e "$headers/dnnl.hpp" ] || { echo "check-compile: no dnnl.hpp in $headers" >&2; exit 2; }
version=$(sed -n 's/^#define DNNL_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$headers/oneapi/dnnl/dnnl_version.h" | paste -sd.)

node_headers=$(node -p "require('node:path').join(process.execPath, '../../include/node')")
napi_headers=$(node -p "require('node-addon-api').include_dir")
flags=(-std=c++17 -O3 -c -o /dev/null -fopenmp -fno-math-errno -fno-trapping-math
  -Wall -Wextra -Werror -Wno-psabi -Wno-ignored-attributes
  -DNAPI_VERSION=8 -DNODE_ADDON_API_CPP_EXCEPTIONS
  -isystem "$headers" -isystem "$node_headers" -isystem "$napi_headers")

failures=0
# compile <what for> <compiler> [flags]
compile() {
  local target=$1 compiler=$2 failed=0
  shift 2
  for file in cc/*.cc cc/kernels/*.cc cc/tiles/*.cc; do
    "$compiler" "${flags[@]}" "$@" "$file" || failed=$((failed + 1))
  done
  echo "check-compile: oneDNN $version, $target: $failed files do not compile"
  failures=$((failures + failed))
}

has() { command -v "$1" >/dev/null; }
left_out() { echo "check-compile: $1 left out: no $2"; }

# for_each_set <compiler> [flags]: for the sets of instructions of binding.gyp
for_each_set() {
  compile "$(uname -m) with $1" "$@"
  [ "$(uname -m)" = x86_64 ] || return 0
  compile "x86-64-v3 with $1" "$@" -march=x86-64-v3
  # g++ 12 finds fault with its own AVX-512 headers.
  compile "x86-64-v4 with $1" "$@" -march=x86-64-v4 -Wno-uninitialized -Wno-maybe-uninitialized
}

# clang does not know some of these flags, and says of three loops of the int8 products that it does not make them vector code.
clang_flags=(-Wno-unknown-warning-option -Wno-pass-failed)
if has "${CXX:-g++}"; then for_each_set "${CXX:-g++}"; else left_out "$(uname -m)" "${CXX:-g++}"; fi
if has clang++; then for_each_set clang++ "${clang_flags[@]}"; else left_out clang "clang++ (Debian and Ubuntu: clang libomp-dev)"; fi
if has aarch64-linux-gnu-g++; then
  compile "arm64 with g++" aarch64-linux-gnu-g++
  if has clang++; then compile "arm64 with clang++" clang++ --target=aarch64-linux-gnu "${clang_flags[@]}"; fi
else
  left_out arm64 "aarch64-linux-gnu-g++ (Debian and Ubuntu: g++-aarch64-linux-gnu)"
fi
[ "$failures" = 0 ]
