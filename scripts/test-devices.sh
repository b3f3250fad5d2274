#!/usr/bin/env bash
# Compares --device tensorflow with --device cpu: dropout masks, and on the embedded corpus the figures of 20 updates and 133
# translations.
# It installs TensorFlow for the processor (install-tensorflow.sh) unless @tensorflow/tfjs-node is there. Not part of CI.
#   bash scripts/test-devices.sh [DEVICE]        another device that works on this machine, e.g. webgpu
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
device="${1:-tensorflow}"
[ "$device" != tensorflow ] || node -e "require('@tensorflow/tfjs-node')" >/dev/null 2>&1 || bash scripts/install-tensorflow.sh
[ -e data-bin/embedded.de-en/test.de-en.de.bin ] || bash scripts/prepare-embedded.sh
[ "$device" != tensorflow ] || npx --no-install vitest run test/devices/tensorflow-mask.test.ts
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
model=(--arch transformer --encoder-layers 2 --decoder-layers 2 --encoder-embed-dim 64 --decoder-embed-dim 64
  --encoder-ffn-embed-dim 128 --decoder-ffn-embed-dim 128 --encoder-attention-heads 4 --decoder-attention-heads 4
  --share-all-embeddings --dropout 0.1 --attention-dropout 0.1 --optimizer adam --criterion encouraging --log-end 0.5 --label-smoothing 0.1 --max-tokens 800)
train() { node bin/ts-fairseq.js train data-bin/embedded.de-en "${model[@]}" --log-format json "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; exit 1; }; }
figures() { grep '| train_inner |' "$1" | grep -oE '"(loss|nll_loss|gnorm)": "[^"]*"'; }
translate() {
  node bin/ts-fairseq.js generate data-bin/embedded.de-en --path "$work/model/checkpoint_last" --beam 5 --batch-size 32 --device "$1" 2>"$work/output" \
    | grep -E '^H-' | cut -f 1,3 | sort || { cat "$work/output" >&2; exit 1; }
}
for one in cpu "$device"; do
  train --device "$one" --lr 1e-3 --max-update 20 --log-interval 1 --no-save --log-file "$work/$one.log"
  figures "$work/$one.log" >"$work/$one.figures"
done
[ "$(wc -l <"$work/cpu.figures")" -eq 60 ] || { echo "test-devices: cpu logged no 20 updates" >&2; exit 1; }
diff "$work/cpu.figures" "$work/$device.figures" || { echo "test-devices: $device logs other figures than cpu" >&2; exit 1; }
echo "20 updates: $device logs the losses and gradient norms of cpu"
train --device cpu --lr 5e-3 --lr-scheduler inverse_sqrt --warmup-updates 200 --max-epoch 10 --no-epoch-checkpoints --save-dir "$work/model"
for one in cpu "$device"; do translate "$one" >"$work/$one.translations"; done
equal="$(comm -12 "$work/cpu.translations" "$work/$device.translations" | wc -l)" all="$(wc -l <"$work/cpu.translations")"
echo "translations: $equal of $all equal"
[ "$all" -gt 0 ] && [ "$equal" -eq "$all" ]
