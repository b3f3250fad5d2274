"""The model of `check.js` in PyTorch on the same GPU and the lengths of the same sentences: target tokens per second.

    python3 peer.py --precision float32|bfloat16 --max-tokens N

bfloat16 is autocast; the optimizer is fused AdamW, attention is scaled_dot_product_attention. Prints one line of JSON.
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

VOCABULARY = 1880
UPDATES, WARM_UP = 40, 10


def lengths(path):
    """The lengths of all sentences: fairseq's .idx has magic, version, type and count before them."""
    data = path.read_bytes()
    (count,) = struct.unpack("<Q", data[18:26])
    return struct.unpack(f"<{count}i", data[26 : 26 + 4 * count])


def batches(max_tokens):
    """Shapes of batches of sentences of similar length, as fairseq groups them: lists of (source, target) lengths."""
    data = ROOT / "data-bin/embedded.de-en"
    pairs = sorted(zip(*(lengths(data / f"train.de-en.{language}.idx") for language in ("en", "de"))))
    found, batch = [], []
    for target, source in pairs:
        longest = max(max(s, t) for s, t in [*batch, (source, target)])
        if batch and longest * (len(batch) + 1) > max_tokens:
            found.append(batch)
            batch = []
        batch.append((source, target))
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
    rates = []
    for update in range(UPDATES):
        shape = shapes[update % len(shapes)]
        source, target = (tokens_of(sizes, device) for sizes in zip(*shape))
        previous = torch.cat([target[:, -1:], target[:, :-1]], 1)
        torch.cuda.synchronize()
        start = time.perf_counter()
        with autocast:
            rows = target != PAD
            logits = model.output(model(source, previous)[rows])
        loss = F.cross_entropy(logits.float(), target[rows], label_smoothing=0.1)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        if update >= WARM_UP:
            rates.append(sum(size for _, size in shape) / (time.perf_counter() - start))
    rates.sort()
    print(json.dumps({"targetTokensPerSecond": rates[len(rates) // 2], "torch": torch.__version__}))


if __name__ == "__main__":
    main()
