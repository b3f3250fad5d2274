#!/usr/bin/env bash
# Runs the tests of the add-ons under AddressSanitizer and UndefinedBehaviorSanitizer, and the team of threads, in a program of
# its own, under ThreadSanitizer. A finding ends the process that made
# it; all are printed at the end, and the status is 1. The add-ons are built once more, into build/sanitized beside
# build/Release, by the makefiles that set-up leaves; there, memory between the tensors of a slab may not be touched.
#   bash scripts/test-sanitized.sh           every build that this processor can run, with tfjs-core's specs
#   bash scripts/test-sanitized.sh v4        one of baseline, v3 (AVX2), v4 (AVX-512); several too
#   bash scripts/test-sanitized.sh v4 packages/tfjs-backend-onednn/test/storage.test.ts   only these test files
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

onednn=packages/tfjs-backend-onednn sentencepiece=packages/sentencepiece-native
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

# Casts of NaN and of what is out of range count as undefined; so does a wrong index of a std::vector.
flags="-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
# compile <package> <targets>; -O1 compiles in minutes what takes an hour at -O3.
compile() {
  echo "test-sanitized: compiling $*"
  CXXFLAGS="$flags -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS -O1 -g1 -w" LDFLAGS=$flags \
    make -C "$1/build" --no-print-directory --silent -j "$(nproc)" builddir=sanitized "${@:2}" >/dev/null
}

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
library() { "${CXX:-g++}" -print-file-name="$1"; }
# sanitized <command>: Node is not compiled with the sanitizers and starts without them. V8 leaves its memory to the system
# at the end, so leaks are not looked for; the three builds of the add-on have the same symbols.
sanitized() {
  LD_PRELOAD="$(library libasan.so) $(library libubsan.so)" \
    ASAN_OPTIONS="detect_leaks=0:detect_odr_violation=0:log_path=$reports/asan" \
    UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports/ubsan" \
    TFJS_ONEDNN_FOLDER=sanitized SENTENCEPIECE_NATIVE_FOLDER=sanitized "$@"
}

# test_files <files>: on two threads, since most of what kernels share out they share out only then.
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

# The baseline says which build is the best.
compile $onednn $(printf 'onednn_%s\n' baseline "${builds[@]}" | sort -u)
for build in "${builds[@]}"; do
  echo "test-sanitized: $build"
  TFJS_ONEDNN_BUILD=$build test_files "${files[@]:-$onednn/test}"
done
if [ ${#files[@]} = 0 ]; then
  compile $sentencepiece sentencepiece
  test_files test/text/sentencepiece
  sanitized npm run --silent test:backend || status=1
fi

if [ -n "$(ls "$reports")" ]; then
  cat "$reports"/*
  status=1
fi
[ "$status" = 0 ] && echo "test-sanitized: no finding"
exit "$status"
