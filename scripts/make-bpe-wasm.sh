#!/usr/bin/env bash
# Compiles src/text/bpe/wasm/segment.as.ts (AssemblyScript) and writes the bytes to module.ts in the same folder.
# Downloads the compiler, which is not a dependency because it is large and the source rarely changes.
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
