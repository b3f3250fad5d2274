#!/usr/bin/env bash
# Compiles every C++ file, without linking, for each instruction set of binding.gyp and for arm64, against the oneDNN
# headers in a folder. For changes that must also compile on other machines. Not part of the continuous integration.
#   bash scripts/check-compile.sh [folder with dnnl.hpp]      default: $ONEDNN_INCLUDE, else the system's headers
# Headers of oneDNN 3.x: pip download --no-deps onednn-devel && unzip onednn_devel-*.whl (…/data/include).
# Skips and names missing compilers: Debian's g++, clang (with libomp-dev for omp.h), and g++-aarch64-linux-gnu, which clang
# also needs for arm64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

headers=${1:-${ONEDNN_INCLUDE:-}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$headers" ]; then
  # Links, because a cross compiler must not see the rest of the system's headers.
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
# compile <target> <compiler> [flags]
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
skip() { echo "check-compile: skipped $1: no $2"; }

# for_each_set <compiler> [flags]: compiles for the instruction sets of binding.gyp
for_each_set() {
  compile "$(uname -m) with $1" "$@"
  [ "$(uname -m)" = x86_64 ] || return 0
  compile "x86-64-v3 with $1" "$@" -march=x86-64-v3
  # g++ 12 warns about its own AVX-512 headers.
  compile "x86-64-v4 with $1" "$@" -march=x86-64-v4 -Wno-uninitialized -Wno-maybe-uninitialized
}

# clang lacks some of these flags, and warns that it does not vectorise three loops of the int8 products.
clang_flags=(-Wno-unknown-warning-option -Wno-pass-failed)
if has "${CXX:-g++}"; then for_each_set "${CXX:-g++}"; else skip "$(uname -m)" "${CXX:-g++}"; fi
if has clang++; then for_each_set clang++ "${clang_flags[@]}"; else skip clang "clang++ (Debian and Ubuntu: clang libomp-dev)"; fi
if has aarch64-linux-gnu-g++; then
  compile "arm64 with g++" aarch64-linux-gnu-g++
  if has clang++; then compile "arm64 with clang++" clang++ --target=aarch64-linux-gnu "${clang_flags[@]}"; fi
else
  skip arm64 "aarch64-linux-gnu-g++ (Debian and Ubuntu: g++-aarch64-linux-gnu)"
fi
[ "$failures" = 0 ]
