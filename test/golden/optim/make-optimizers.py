"""Writes optimizers.json: ten steps of every optimizer on small tensors, in float64 and float32.

    python make-optimizers.py FAIRSEQ > optimizers.json

FAIRSEQ is a checkout of fairseq, whose files of optimizers are loaded one by one, so that none of its dependencies is
needed. sgd, adagrad and adadelta are PyTorch's, as in fairseq; lamb is apex's FusedLAMB, which needs a GPU, written out.
"""

import importlib.util
import json
import math
import os
import sys
import types

import torch

STEPS = 10
KEPT = (1, 3, STEPS)
SHAPES = {"embed.weight": [4, 3], "layer.weight": [2, 5], "layer.bias": [5], "conv.weight": [2, 3, 4]}
RATES = [1e-4, 5e-4, 1e-3, 1e-3, 2e-3, 2e-3, 5e-3, 1e-3, 5e-4, 1e-4]


def fairseq_class(checkout, file, name):
    package = types.ModuleType("fairseq.optim")
    package.__path__ = []
    package.FairseqOptimizer = package.LegacyFairseqOptimizer = object
    package.register_optimizer = lambda *_, **__: lambda cls: cls
    dataclass = types.ModuleType("fairseq.dataclass")
    dataclass.FairseqDataclass = object
    omegaconf = types.ModuleType("omegaconf")
    omegaconf.II = lambda _: None
    omegaconf.DictConfig = dict
    sys.modules.update({"fairseq": types.ModuleType("fairseq"), "fairseq.optim": package})
    sys.modules.update({"fairseq.dataclass": dataclass, "omegaconf": omegaconf})
    sys.modules["torch.optim.optimizer"].required = object()  # fairseq imports it; PyTorch has it no longer
    path = os.path.join(checkout, "fairseq", "optim", file)
    spec = importlib.util.spec_from_file_location("fairseq.optim." + file[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


class Lamb:
    """apex's FusedLAMB, one parameter after another."""

    def __init__(self, params, lr, betas, eps, weight_decay):
        self.param_groups = [dict(params=list(params), lr=lr)]
        self.betas, self.eps, self.decay = betas, eps, weight_decay
        self.step_count = 0
        self.state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.param_groups[0]["params"]]

    @torch.no_grad()
    def step(self):
        self.step_count += 1
        group = self.param_groups[0]
        b1, b2 = self.betas
        whole = math.sqrt(sum(float(p.grad.double().pow(2).sum()) for p in group["params"]))
        for p, (m, v) in zip(group["params"], self.state):
            g = p.grad / max(1.0, whole)
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).addcmul_(g, g, value=1 - b2)
            u = (m / (1 - b1**self.step_count)) / ((v / (1 - b2**self.step_count)).sqrt() + self.eps)
            ratio = 1.0
            if self.decay != 0:
                u = u + self.decay * p
                if p.norm() != 0 and u.norm() != 0:
                    ratio = float(p.norm() / u.norm())
            p.sub_(u, alpha=group["lr"] * ratio)


def cases(checkout):
    nag = fairseq_class(checkout, "nag.py", "NAG")
    adamax = fairseq_class(checkout, "adamax.py", "Adamax")
    adafactor = fairseq_class(checkout, "adafactor.py", "Adafactor")
    lr = dict(lr=RATES[0])
    plain = dict(scale_parameter=False, relative_step=False)
    relative = dict(lr=None, relative_step=True)
    yield "sgd", {}, lambda p: torch.optim.SGD(p, **lr)
    yield "sgd", dict(momentum=0.9, weightDecay=0.1), lambda p: torch.optim.SGD(p, momentum=0.9, weight_decay=0.1, **lr)
    yield "nag", {}, lambda p: nag(p, momentum=0.99, **lr)
    yield "nag", dict(momentum=0.8, weightDecay=0.1), lambda p: nag(p, momentum=0.8, weight_decay=0.1, **lr)
    yield "adagrad", {}, lambda p: torch.optim.Adagrad(p, **lr)
    yield "adagrad", dict(weightDecay=0.1), lambda p: torch.optim.Adagrad(p, weight_decay=0.1, **lr)
    yield "adadelta", {}, lambda p: torch.optim.Adadelta(p, **lr)
    yield "adadelta", dict(adadeltaRho=0.8, adadeltaEps=1e-4, weightDecay=0.1), lambda p: torch.optim.Adadelta(
        p, rho=0.8, eps=1e-4, weight_decay=0.1, **lr
    )
    yield "adamax", {}, lambda p: adamax(p, **lr)
    yield "adamax", dict(adamaxBetas=[0.8, 0.9], adamaxEps=1e-3, weightDecay=0.1, noBiasCorrection=True), lambda p: adamax(
        p, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1, bias_correction=False, **lr
    )
    yield "adafactor", {}, lambda p: adafactor(p, **plain, **lr)
    yield "adafactor", dict(beta1=0.9, weightDecay=0.1, clipThreshold=0.5, decayRate=-0.5), lambda p: adafactor(
        p, beta1=0.9, weight_decay=0.1, clip_threshold=0.5, decay_rate=-0.5, **plain, **lr
    )
    yield "adafactor", dict(relativeStep=True, scaleParameter=True), lambda p: adafactor(p, scale_parameter=True, **relative)
    yield "adafactor", dict(relativeStep=True, warmupInit=True), lambda p: adafactor(
        p, scale_parameter=False, warmup_init=True, **relative
    )
    yield "lamb", {}, lambda p: Lamb(p, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, **lr)
    yield "lamb", dict(lambBetas=[0.8, 0.9], lambEps=1e-4, weightDecay=0.1), lambda p: Lamb(
        p, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.1, **lr
    )


def run(build, starts, gradients, dtype):
    parameters = [torch.nn.Parameter(start.to(dtype).clone()) for start in starts]
    optimizer = build(parameters)
    kept = []
    for step, rate in enumerate(RATES):
        for parameter, gradient in zip(parameters, gradients[step]):
            parameter.grad = gradient.to(dtype).clone()
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        if step + 1 in KEPT:
            kept.append([values(parameter) for parameter in parameters])
    return kept


def values(tensor):
    return [float("%.10g" % value) for value in tensor.detach().double().flatten()]


def main():
    torch.manual_seed(7)
    starts = [torch.randn(shape) for shape in SHAPES.values()]
    starts[1][0] = 0  # a row that starts at zero
    gradients = [[torch.randn(shape) * 10 ** (index - 2) for index, shape in enumerate(SHAPES.values())] for _ in RATES]
    for of_step in gradients:
        of_step[0][3] = 0  # a word that does not occur
    recorded = dict(
        about=__doc__,
        torch=torch.__version__,
        parameters=[dict(name=n, shape=s, start=values(t)) for (n, s), t in zip(SHAPES.items(), starts)],
        learningRates=RATES,
        gradients=[[values(tensor) for tensor in of_step] for of_step in gradients],
        steps=KEPT,
        cases=[
            dict(optimizer=name, options=options, float64=run(build, starts, gradients, torch.float64),
                 float32=run(build, starts, gradients, torch.float32))
            for name, options, build in cases(sys.argv[1])
        ],
    )
    json.dump(recorded, sys.stdout)
    sys.stdout.write("\n")


main()
