"""Runs fairseq's golden updates again in plain PyTorch, in float32 or float64: how near is near?

    python rerun-trajectory.py 64                    # trajectory.json: ends at update20
    python rerun-trajectory.py 32 groups.json        # trajectory-batches.json: ends at update60

groups.json holds the sentences of each update, [updates][micro-batches][ids], as EpochIterator hands them out for
--max-tokens 400 --seed 3 --update-freq 2. Needs torch, numpy and safetensors. Prints, for each update, the relative
difference of the gradient norm, and at the end the tensors that are furthest from fairseq's, relative to their change.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

HERE = Path(__file__).parent
EMBED, HEADS, LAYERS, PAD, EOS, SMOOTHING = 64, 4, 2, 1, 2, 0.1
dtype = torch.float64 if sys.argv[1] == "64" else torch.float32
groups = json.loads(Path(sys.argv[2]).read_text()) if len(sys.argv) > 2 else None
torch.set_num_threads(1)


def sentences(language):
    """fairseq's .idx and .bin: sizes as int32 from byte 26, tokens as uint16."""
    stem = HERE.parent / "data" / "joined" / f"train.de-en.{language}"
    index = Path(f"{stem}.idx").read_bytes()
    sizes = np.frombuffer(index, np.int32, struct.unpack("<Q", index[18:26])[0], 26)
    tokens = np.fromfile(f"{stem}.bin", np.uint16).astype(np.int64)
    return np.split(tokens, np.cumsum(sizes)[:-1])


source, target = sentences("de"), sentences("en")
weights = {name: value.to(dtype).requires_grad_() for name, value in load_file(HERE / "initial.safetensors").items()}
initial = {name: value.detach().clone() for name, value in weights.items()}
embeddings = weights["encoder.embed_tokens.weight"]
half = EMBED // 2
angles = torch.arange(1100.0)[:, None] * torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))[None]
positions = torch.cat([angles.sin(), angles.cos()], 1)
positions[PAD] = 0
positions = positions.to(dtype)


def embed(ids):
    tokens = (ids != PAD).long()
    return math.sqrt(EMBED) * F.embedding(ids, embeddings, padding_idx=PAD) + positions[tokens.cumsum(1) * tokens + PAD]


def linear(x, name):
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def norm(x, name):
    return F.layer_norm(x, (EMBED,), weights[f"{name}.weight"], weights[f"{name}.bias"])


def attend(queries, keys, name, mask):
    def heads(x):
        return x.view(*x.shape[:2], HEADS, EMBED // HEADS).transpose(1, 2)

    q = heads(linear(queries, f"{name}.q_proj") * (EMBED // HEADS) ** -0.5)
    k, v = heads(linear(keys, f"{name}.k_proj")), heads(linear(keys, f"{name}.v_proj"))
    context = (q @ k.transpose(2, 3) + mask).softmax(-1) @ v
    return linear(context.transpose(1, 2).reshape(queries.shape), f"{name}.out_proj")


def feed_forward(x, name):
    return linear(F.relu(linear(x, f"{name}.fc1")), f"{name}.fc2")


def logits(src, previous):
    padding = torch.zeros(len(src), 1, 1, src.shape[1], dtype=dtype).masked_fill((src == PAD)[:, None, None], -math.inf)
    x = embed(src)
    for layer in range(LAYERS):
        name = f"encoder.layers.{layer}"
        x = norm(x + attend(x, x, f"{name}.self_attn", padding), f"{name}.self_attn_layer_norm")
        x = norm(x + feed_forward(x, name), f"{name}.final_layer_norm")
    y = embed(previous)
    future = torch.triu(torch.full((previous.shape[1],) * 2, -math.inf, dtype=dtype), 1)
    for layer in range(LAYERS):
        name = f"decoder.layers.{layer}"
        y = norm(y + attend(y, y, f"{name}.self_attn", future), f"{name}.self_attn_layer_norm")
        y = norm(y + attend(y, x, f"{name}.encoder_attn", padding), f"{name}.encoder_attn_layer_norm")
        y = norm(y + feed_forward(y, name), f"{name}.final_layer_norm")
    return F.linear(y, embeddings)


def loss_of(ids):
    """Summed label-smoothed cross entropy, and the target tokens."""
    src = torch.full((len(ids), max(len(source[i]) for i in ids)), PAD)
    tgt = torch.full((len(ids), max(len(target[i]) for i in ids)), PAD)
    previous = tgt.clone()
    for row, i in enumerate(ids):
        src[row, src.shape[1] - len(source[i]) :] = torch.from_numpy(source[i])
        tgt[row, : len(target[i])] = torch.from_numpy(target[i])
        previous[row, : len(target[i])] = torch.from_numpy(np.roll(target[i], 1))
    log_probs = F.log_softmax(logits(src, previous), -1)[tgt != PAD]
    others = SMOOTHING / (len(embeddings) - 1)
    nll = -log_probs.gather(1, tgt[tgt != PAD][:, None]).sum()
    return (1 - SMOOTHING - others) * nll - others * log_probs.sum(), int((tgt != PAD).sum())


name, final, rate, warmup, decay = (
    ("trajectory", "update20", 5e-3, 20, 1e-4) if groups is None else ("trajectory-batches", "update60", 1e-3, 30, 1e-2)
)
reference = json.loads((HERE / f"{name}.json").read_text())["updates"]
first = {key: torch.zeros_like(value) for key, value in weights.items()}
second = {key: torch.zeros_like(value) for key, value in weights.items()}
lr = 0.0
for step, expected in enumerate(reference, 1):
    for value in weights.values():
        value.grad = None
    tokens = 0
    for ids in [list(range(len(source)))] if groups is None else groups[step - 1]:
        loss, count = loss_of(ids)
        loss.backward()
        tokens += count
    with torch.no_grad():
        gnorm = math.sqrt(sum(float((value.grad / tokens).pow(2).sum()) for value in weights.values()))
        print(step, f"{gnorm / float(expected['gnorm']) - 1:.1e}")
        for key, value in weights.items():
            gradient = value.grad / tokens * min(1, 1 / (gnorm + 1e-6))
            first[key].mul_(0.9).add_(gradient, alpha=0.1)
            second[key].mul_(0.98).addcmul_(gradient, gradient, value=0.02)
            value.sub_(value * (lr * decay))
            size = lr * math.sqrt(1 - 0.98**step) / (1 - 0.9**step)
            value.addcdiv_(first[key], second[key].sqrt().add_(1e-8), value=-size)
    lr = rate * step / warmup if step < warmup else rate * math.sqrt(warmup / step)

theirs = load_file(HERE / f"{final}.safetensors")
distances = {
    key: float((value.detach().double() - theirs[key].double()).norm() / (theirs[key].double() - initial[key].double()).norm())
    for key, value in weights.items()
    if not key.endswith("k_proj.bias")
}
for key, distance in sorted(distances.items(), key=lambda item: -item[1])[:6]:
    print(f"{distance:.1e} {key}")
