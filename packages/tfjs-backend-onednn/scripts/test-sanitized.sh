#!/usr/bin/env bash
# Builds the add-on with AddressSanitizer and UndefinedBehaviorSanitizer in a temporary folder and runs the package's
# tests on it; any finding ends the run with a status other than 0.
#   bash packages/tfjs-backend-onednn/scripts/test-sanitized.sh [a test file …]
set -euo pipefail
package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(cd "$package/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$package"
napi=$(node -p "require('node-addon-api').include_dir")
node_headers=$(node -p "require('path').join(process.execPath, '../../include/node')")
sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
find cc -name '*.cc' -print0 | xargs -0 -P "$(nproc)" -I{} sh -c \
  'source=$1; shift; exec "$@" -c "$source" -o "$0/$(echo "$source" | tr / _).o"' "$folder" {} \
  "${CXX:-g++}" -std=c++17 -O1 -g -fPIC -fopenmp -fexceptions -march=native -Wno-psabi -Wno-ignored-attributes \
  "${sanitize[@]}" -DNAPI_VERSION=8 -DNODE_ADDON_API_CPP_EXCEPTIONS -I"$napi" -I"$node_headers" \
  ${ONEDNN_ROOT:+-I"$ONEDNN_ROOT/include"}
"${CXX:-g++}" -shared -fopenmp "${sanitize[@]}" "$folder"/*.o -o "$folder/sanitized.node" \
  ${ONEDNN_ROOT:+-L"$ONEDNN_ROOT/lib" -Wl,-rpath,"$ONEDNN_ROOT/lib"} -ldnnl

cd "$root"
[ $# -gt 0 ] || set -- packages/tfjs-backend-onednn/test
# Node and V8 leave their own memory to the system at the end, so leaks are not looked for.
LD_PRELOAD="$("${CXX:-g++}" -print-file-name=libasan.so) $("${CXX:-g++}" -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 UBSAN_OPTIONS=print_stacktrace=1 \
  TFJS_ONEDNN_ADDON="$folder/sanitized.node" node node_modules/vitest/vitest.mjs run "$@"
