"""Writes mse.json: loss and gradient of single rows under mean square error, in float64 and float32.

    python make-mse.py ../model/rows.json > mse.json

The rows are those of rows.json. The losses are the formulas of Zhao et al. 2022, section 5.5, summed over the classes,
as they stand there; PyTorch differentiates them.
"""

import json
import sys

import torch


def loss(logits, target, activation, bonus):
    y = torch.nn.functional.one_hot(torch.tensor(target), len(logits)).to(logits)
    p = torch.softmax(logits, 0) if activation == "softmax" else torch.sigmoid(logits)
    rows = (y - p) ** 2
    if bonus:
        rows = rows - (y * p) ** 2 - ((1 - y) * (1 - p)) ** 2
    return rows.sum()


def evaluate(row, dtype, activation, bonus):
    logits = torch.tensor(row["logits"], dtype=dtype, requires_grad=True)
    value = loss(logits, row["target"], activation, bonus)
    value.backward()
    return dict(loss=value.item(), gradient=logits.grad.tolist())


def main():
    rows = json.load(open(sys.argv[1]))["rows"]
    cases = [
        dict(
            activation=activation,
            bonus=bonus,
            float64=[evaluate(row, torch.float64, activation, bonus) for row in rows],
            float32=[evaluate(row, torch.float32, activation, bonus) for row in rows],
        )
        for activation in ("softmax", "sigmoid")
        for bonus in (False, True)
    ]
    json.dump(dict(about=__doc__, torch=torch.__version__, cases=cases), sys.stdout)
    sys.stdout.write("\n")


main()
