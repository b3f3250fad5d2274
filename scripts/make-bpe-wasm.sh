#!/usr/bin/env bash
# Compiles src/text/bpe/wasm/segment.as.ts (AssemblyScript) and writes module.ts beside it, which holds the bytes.
# The compiler is fetched for this alone: it is large, and the source seldom changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src/text/bpe/wasm"
binary="$(mktemp)"
trap 'rm -f "$binary"' EXIT
npx --yes --package assemblyscript@0.28.20 asc segment.as.ts -o "$binary" -O3 --shrinkLevel 1 --converge --noAssert --runtime stub --memoryBase 0
cat > module.ts <<END
// Made by scripts/make-bpe-wasm.sh from segment.as.ts.

/** The hash of the source that the module was compiled from. */
export const SOURCE_SHA256 = '$(sha256sum segment.as.ts | cut -d ' ' -f 1)';

/** The WebAssembly module, base64. */
export const MODULE = [
$(base64 -w 100 "$binary" | sed "s/.*/  '&',/")
].join('');
END
