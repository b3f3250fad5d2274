"""The model of `check.js` in PyTorch on the same GPU and the lengths of the same sentences: target tokens per second.

    python3 peer.py --precision float32|bfloat16 --max-tokens N --updates N --warm-up N

bfloat16 is autocast; the optimizer is fused AdamW, attention is scaled_dot_product_attention, the loss label-smoothed cross
entropy. Batches are on the GPU before the clock starts. Prints one line of JSON.
"""

import argparse
import json
import pathlib
import struct
import sys
import time

import torch
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))
from training_step import PAD, Transformer  # noqa: E402

DATA = ROOT / "data-bin/embedded.de-en"
VOCABULARY = 4 + len((DATA / "dict.de.txt").read_text(encoding="utf-8").splitlines())
MULTIPLE = 8  # fairseq's --required-batch-size-multiple


def lengths(path):
    """The lengths of all sentences: fairseq's .idx has magic, version, type and count before them."""
    data = path.read_bytes()
    (count,) = struct.unpack("<Q", data[18:26])
    return struct.unpack(f"<{count}i", data[26 : 26 + 4 * count])


def batches(max_tokens):
    """Shapes of batches of sentences of similar length, as fairseq groups them: lists of (source, target) lengths."""
    pairs = sorted(zip(*(lengths(DATA / f"train.de-en.{language}.idx") for language in ("de", "en"))))
    found, batch = [], []
    for pair in pairs:
        longest = max(max(one) for one in [*batch, pair])
        if batch and longest * (len(batch) + 1) > max_tokens:
            full = max(MULTIPLE * (len(batch) // MULTIPLE), len(batch) % MULTIPLE)
            found.append(batch[:full])
            batch = batch[full:]
        batch.append(pair)
    return [*found, batch]


def tokens_of(sizes, device):
    table = torch.full((len(sizes), max(sizes)), PAD, dtype=torch.long)
    for row, size in enumerate(sizes):
        table[row, :size] = torch.randint(4, VOCABULARY, (size,))
    return table.to(device)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--precision", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--max-tokens", type=int, required=True)
    parser.add_argument("--updates", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("no CUDA")
    device = torch.device("cuda")
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    model = Transformer({"embed": 512, "inner": 1024, "layers": 6, "heads": 4, "vocab": VOCABULARY, "shared": True}).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), fused=True)
    shapes = batches(options.max_tokens)
    autocast = torch.autocast("cuda", dtype=torch.bfloat16, enabled=options.precision == "bfloat16")
    tables = [[tokens_of(sizes, device) for sizes in zip(*shape)] for shape in shapes]
    warm_up = max(options.warm_up, len(shapes))
    counted = 0
    for update in range(warm_up + options.updates - options.warm_up):
        if update == warm_up:
            torch.cuda.synchronize()
            start = time.perf_counter()
        source, target = tables[update % len(shapes)]
        previous = torch.cat([target[:, -1:], target[:, :-1]], 1)
        with autocast:
            rows = target != PAD
            logits = model.output(model(source, previous)[rows])
        loss = F.cross_entropy(logits.float(), target[rows], label_smoothing=0.1)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if update >= warm_up:
            counted += sum(size for _, size in shapes[update % len(shapes)])
    torch.cuda.synchronize()
    rate = counted / (time.perf_counter() - start)
    print(json.dumps({"targetTokensPerSecond": round(rate), "batches": len(shapes), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
