"""The model of bench/training-step.ts in PyTorch. Runs one update per line of stdin, which is a batch as JSON.

    python training_step.py '{"embed": 128, "inner": 256, "layers": 4, "heads": 4, "vocab": 7864, "shared": true,
                              "bfloat16": false, "threads": 2}'

Prints a line of JSON per batch: the seconds of the update, the loss in bits per token, peak memory in bytes.
"""

import contextlib
import json
import math
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

PAD = 1
DROPOUT = 0.3


class Attention(nn.Module):
    def __init__(self, embed, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key_value, self.out = nn.Linear(embed, embed), nn.Linear(embed, 2 * embed), nn.Linear(embed, embed)

    def split(self, x):  # [batch, time, embed] -> [batch, heads, time, head]
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x, memory, mask):
        key, value = self.key_value(memory).chunk(2, dim=-1)
        context = F.scaled_dot_product_attention(self.split(self.query(x)), self.split(key), self.split(value), mask)
        return self.out(context.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Self-attention, attention to the encoder if there is one, feed-forward; each followed by normalisation."""

    def __init__(self, size, is_decoder):
        super().__init__()
        embed = size["embed"]
        self.attention = nn.ModuleList(Attention(embed, size["heads"]) for _ in range(2 if is_decoder else 1))
        self.fc1, self.fc2 = nn.Linear(embed, size["inner"]), nn.Linear(size["inner"], embed)
        self.norms = nn.ModuleList(nn.LayerNorm(embed) for _ in range(3 if is_decoder else 2))

    def forward(self, x, mask, memory=None, memory_mask=None):
        def residual(norm, x, y):
            return norm(x + F.dropout(y, DROPOUT, self.training))

        x = residual(self.norms[0], x, self.attention[0](x, x, mask))
        if memory is not None:
            x = residual(self.norms[1], x, self.attention[1](x, memory, memory_mask))
        return residual(self.norms[-1], x, self.fc2(F.relu(self.fc1(x))))


class Transformer(nn.Module):
    def __init__(self, size):
        super().__init__()
        embed, vocab = size["embed"], size["vocab"]
        self.scale = math.sqrt(embed)
        self.source = nn.Embedding(vocab, embed, PAD)
        self.target = self.source if size["shared"] else nn.Embedding(vocab, embed, PAD)
        self.output = nn.Linear(embed, vocab, bias=False)
        nn.init.normal_(self.source.weight, std=embed**-0.5)
        nn.init.normal_(self.target.weight, std=embed**-0.5)
        if size["shared"]:
            self.output.weight = self.source.weight
        self.encoder = nn.ModuleList(Layer(size, False) for _ in range(size["layers"]))
        self.decoder = nn.ModuleList(Layer(size, True) for _ in range(size["layers"]))
        angles = torch.arange(1024)[:, None] * torch.exp(torch.arange(embed // 2) * -math.log(1e4) / (embed // 2 - 1))
        self.register_buffer("positions", torch.cat([angles.sin(), angles.cos()], 1))

    def embedded(self, table, tokens):
        return F.dropout(self.scale * table(tokens) + self.positions[: tokens.shape[1]], DROPOUT, self.training)

    def forward(self, source, previous):
        source_mask = (source != PAD)[:, None, None, :]
        memory = self.embedded(self.source, source)
        for layer in self.encoder:
            memory = layer(memory, source_mask)
        causal = torch.ones(previous.shape[1], previous.shape[1], dtype=torch.bool, device=previous.device).tril()
        x = self.embedded(self.target, previous)
        for layer in self.decoder:
            x = layer(x, causal, memory, source_mask)
        return x


def main():
    size = json.loads(sys.argv[1])
    torch.manual_seed(1)
    torch.set_num_threads(size["threads"])
    model = Transformer(size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-7, betas=(0.9, 0.98), weight_decay=1e-4, fused=True)
    print(json.dumps({"update": 0}), flush=True)
    for update, line in enumerate(sys.stdin, 1):
        batch = json.loads(line)
        start = time.perf_counter()
        table = lambda name, length: torch.tensor(batch[name]).view(batch["batchSize"], batch[length])
        source, target = table("sourceTokens", "sourceLength"), table("target", "targetLength")
        rows = target != PAD
        autocast = torch.autocast("cpu", torch.bfloat16) if size["bfloat16"] else contextlib.nullcontext()
        with autocast:
            features = model(source, table("prevOutputTokens", "targetLength"))[rows]
            logits = model.output(features)
        loss = F.cross_entropy(logits.float(), target[rows], reduction="sum", label_smoothing=0.1)
        optimizer.zero_grad()
        (loss / rows.sum()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        bits = loss.item() / rows.sum().item() / math.log(2)
        report = {
            "update": update,
            "seconds": time.perf_counter() - start,
            "loss": bits,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
