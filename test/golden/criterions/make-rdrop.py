"""Writes rdrop.json: fairseq's R-Drop criterion over a small table of logits, in float64.

    python make-rdrop.py FAIRSEQ > rdrop.json

FAIRSEQ is a checkout of fairseq, of which the two files of the criterion are loaded; a model that returns the logits
stands in for theirs. The first half of the rows is the first pass, the second half the second.
"""

import importlib.util
import json
import os
import sys
import types

import torch

ROWS, CLASSES, PADDING = 4, 6, 1


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made


def load(checkout, name):
    path = os.path.join(checkout, "fairseq", "criterions", name + ".py")
    spec = importlib.util.spec_from_file_location("fairseq.criterions." + name, path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


class Model:
    def get_normalized_probs(self, logits, log_probs):
        return (torch.log_softmax if log_probs else torch.softmax)(logits, -1)

    def get_targets(self, sample, _):
        return sample["target"]


def main():
    checkout = sys.argv[1]
    module("omegaconf", II=lambda _: None)
    module("fairseq", utils=None)
    module("fairseq.logging", metrics=None)
    module("fairseq.dataclass", FairseqDataclass=object)
    module("fairseq.criterions", FairseqCriterion=object, register_criterion=lambda *_, **__: lambda cls: cls)
    load(checkout, "label_smoothed_cross_entropy")
    rdrop = load(checkout, "label_smoothed_cross_entropy_with_rdrop").RdropLabelSmoothedCrossEntropyCriterion
    torch.manual_seed(5)
    start = torch.randn(2, ROWS, CLASSES) * 3
    target = torch.tensor([[0, 5, 2, 3]])
    cases = []
    for alpha, epsilon in ((5.0, 0.1), (0.5, 0.0)):
        logits = start.double().requires_grad_()
        criterion = rdrop.__new__(rdrop)
        criterion.__dict__.update(eps=epsilon, rdrop_alpha=alpha, ignore_prefix_size=0, padding_idx=PADDING)
        loss, nll, divergence = criterion.compute_loss(Model(), logits, dict(target=target))
        loss.backward()
        cases.append(
            dict(alpha=alpha, labelSmoothing=epsilon, loss=loss.item(), nllOfBoth=nll.item(),
                 divergence=divergence.item(), gradient=logits.grad.reshape(2 * ROWS, CLASSES).tolist())
        )
    table = start.reshape(2 * ROWS, CLASSES).tolist()
    json.dump(dict(about=__doc__, torch=torch.__version__, logits=table, targets=target[0].tolist(), cases=cases), sys.stdout)
    sys.stdout.write("\n")


main()
