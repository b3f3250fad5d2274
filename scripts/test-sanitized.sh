#!/usr/bin/env bash
# Runs the tests of the add-ons under AddressSanitizer and UndefinedBehaviorSanitizer, and a test program of the team of threads
# under ThreadSanitizer. A finding ends its process; all findings are printed at the end, and the exit status is 1.
# The add-ons are built again into build/sanitized, with the makefiles that setup.sh generated. In these builds, access to the
# memory between the tensors of a slab is an error.
# The kernels for GPUs are built into build/emulation-sanitized, for the emulated driver.
#   bash scripts/test-sanitized.sh           all builds that this processor can run, and tfjs-core's specs
#   bash scripts/test-sanitized.sh v4        one or more of baseline, v3 (AVX2), v4 (AVX-512)
#   bash scripts/test-sanitized.sh v4 packages/tfjs-backend-onednn/test/storage.test.ts   only these test files
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

onednn=packages/tfjs-backend-onednn sentencepiece=packages/sentencepiece-native cuda=packages/tfjs-backend-cuda
mpi=packages/mpi-native
builds=() files=()
for argument in "$@"; do
  case $argument in
    baseline | v3 | v4) builds+=("$argument") ;;
    *) files+=("$argument") ;;
  esac
done
if [ ${#builds[@]} = 0 ]; then
  best=$(node -p "require('./$onednn/build/Release/onednn_baseline.node').bestBuild()")
  for build in baseline v3 v4; do
    builds+=("$build")
    [ "$build" = "$best" ] && break
  done
fi

# float-cast-overflow reports casts of NaN and of out-of-range values; _GLIBCXX_ASSERTIONS checks indices of std::vector.
flags="-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
# compile PACKAGE TARGETS; with -O1 this takes minutes, with -O3 an hour.
compile() {
  echo "test-sanitized: compiling $*"
  CXXFLAGS="$flags -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS -O1 -g1 -w" LDFLAGS=$flags \
    make -C "$1/build" --no-print-directory --silent -j "$(nproc)" builddir=sanitized "${@:2}" >/dev/null
}

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
library() { "${CXX:-g++}" -print-file-name="$1"; }
# sanitized COMMAND: preloads the sanitizers, because Node is not compiled with them. Leaks are not detected, because V8 does not
# free its memory at exit. The three builds of the add-on have the same symbols, so odr violations are not detected either.
sanitized() {
  LD_PRELOAD="$(library libasan.so) $(library libubsan.so)" \
    ASAN_OPTIONS="detect_leaks=0:detect_odr_violation=0:log_path=$reports/asan" \
    UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports/ubsan" \
    TFJS_ONEDNN_FOLDER=sanitized SENTENCEPIECE_NATIVE_FOLDER=sanitized MPI_NATIVE_FOLDER=sanitized \
    TFJS_CUDA_EMULATION_FOLDER=emulation-sanitized "$@"
}

# test_files FILES: uses two threads, because kernels divide most of their work only then.
status=0
test_files() {
  OMP_NUM_THREADS=2 sanitized node node_modules/vitest/vitest.mjs run \
    --testTimeout 900000 "$@" || status=1
}

if [ ${#files[@]} = 0 ]; then
  echo "test-sanitized: the team of threads"
  "${CXX:-g++}" -std=c++17 -O1 -g -fsanitize=thread -pthread $onednn/test/team/team-threads.cc $onednn/cc/team.cc \
    -o "$reports/team"
  "$reports/team" || status=1
  rm -f "$reports/team"
fi

echo "test-sanitized: compiling $cuda"
node $cuda/scripts/build-emulation.js --sanitize
node $cuda/scripts/build-emulation.js --sanitize ../test/emulation/faults

# The baseline build is always needed: it determines the best build for the processor.
compile $onednn $(printf 'onednn_%s\n' baseline "${builds[@]}" | sort -u)
for build in "${builds[@]}"; do
  echo "test-sanitized: $build"
  TFJS_ONEDNN_BUILD=$build test_files "${files[@]:-$onednn/test}"
done
if [ ${#files[@]} = 0 ]; then
  compile $sentencepiece sentencepiece
  test_files test/text/sentencepiece
  test_files $cuda/test
  compile $mpi mpi
  test_files $mpi/test
  sanitized npm run --silent test:backend || status=1
fi

if [ -n "$(ls "$reports")" ]; then
  cat "$reports"/*
  status=1
fi
[ "$status" = 0 ] && echo "test-sanitized: no findings"
exit "$status"
