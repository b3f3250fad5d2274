"""Writes lr-schedulers.json: the rate of every update under every schedule of fairseq.

    python make-lr-schedulers.py FAIRSEQ > lr-schedulers.json

FAIRSEQ is a checkout of fairseq, whose files of schedules are loaded one by one, so that none of its dependencies is
needed, and driven as its trainer drives them: step_update after each update, step_begin_epoch and step at the ends of
an epoch, with the value of the validation. `rates` has the rate of every update, `reached` what --stop-min-lr is held
against before each epoch and after the last.
"""

import importlib.util
import json
import os
import sys
import types

import torch


class FairseqOptimizer:
    """As much of fairseq's as a schedule touches."""

    def __init__(self, lr):
        self.optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)

    def get_lr(self):
        return self.optimizer.param_groups[0]["lr"]

    def set_lr(self, lr):
        for group in self.optimizer.param_groups:
            group["lr"] = lr


def load(checkout, file):
    path = os.path.join(checkout, "fairseq", "optim", "lr_scheduler", file + ".py")
    spec = importlib.util.spec_from_file_location("schedule_" + file, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stub(checkout):
    def module(name, **members):
        made = types.ModuleType(name)
        made.__dict__.update(members)
        sys.modules[name] = made
        return made

    module("omegaconf", II=lambda _: None)
    module("fairseq", utils=None)
    module("fairseq.dataclass", FairseqDataclass=object)
    module("fairseq.dataclass.utils", gen_parser_from_dataclass=None)
    module("fairseq.optim", FairseqOptimizer=FairseqOptimizer)
    base = load(checkout, "fairseq_lr_scheduler").FairseqLRScheduler
    module("fairseq.optim.lr_scheduler", FairseqLRScheduler=base, register_lr_scheduler=lambda *_, **__: lambda c: c)


CLASSES = {
    "fixed": ("fixed_schedule", "FixedLRSchedule"),
    "inverse_sqrt": ("inverse_square_root_schedule", "InverseSquareRootSchedule"),
    "polynomial_decay": ("polynomial_decay_schedule", "PolynomialDecayLRSchedule"),
    "cosine": ("cosine_lr_scheduler", "CosineLRSchedule"),
    "reduce_lr_on_plateau": ("reduce_lr_on_plateau", "ReduceLROnPlateauLRSchedule"),
    "step": ("step_lr_scheduler", "StepLRSchedule"),
    "tri_stage": ("tri_stage_lr_scheduler", "TriStageLRSchedule"),
    "triangular": ("triangular_lr_scheduler", "TriangularLRSchedule"),
}

DEFAULTS = {
    "fixed": dict(force_anneal=None, lr_shrink=0.1, warmup_updates=0),
    "inverse_sqrt": dict(warmup_updates=4000, warmup_init_lr=-1),
    "polynomial_decay": dict(warmup_updates=0, force_anneal=None, end_learning_rate=0.0, power=1.0),
    "cosine": dict(warmup_updates=0, warmup_init_lr=-1, min_lr=0.0, t_mult=1.0, lr_period_updates=-1, lr_shrink=0.1),
    "reduce_lr_on_plateau": dict(lr_shrink=0.1, lr_threshold=1e-4, lr_patience=0, warmup_updates=0, warmup_init_lr=-1),
    "step": dict(warmup_updates=0, warmup_init_lr=-1, min_lr=0.0, lr_deacy_period=25000, lr_decay=0.5),
    "tri_stage": dict(
        warmup_steps=0, hold_steps=0, decay_steps=0, phase_ratio=None, init_lr_scale=0.01, final_lr_scale=0.01
    ),
    "triangular": dict(lr_period_updates=5000, lr_shrink=0.1, shrink_min=False),
}

FALLING = [5.0, 4.0, 3.9999, 3.5, 3.6, 3.7, 3.4, 3.5]
CASES = [
    ("fixed", [1e-3, 5e-4, 2e-4], {}),
    ("fixed", [1e-3, 5e-4], dict(force_anneal=3, lr_shrink=0.5, warmup_updates=7)),
    ("inverse_sqrt", [5e-4], dict(warmup_updates=9)),
    ("inverse_sqrt", [5e-4], dict(warmup_updates=9, warmup_init_lr=1e-7)),
    ("polynomial_decay", [1e-3], dict(max_update=30)),
    ("polynomial_decay", [1e-3], dict(warmup_updates=6, end_learning_rate=1e-5, power=2.0, total_num_update=25)),
    ("polynomial_decay", [1e-3, 5e-4, 2e-4], dict(warmup_updates=6, total_num_update=40)),
    ("polynomial_decay", [1e-3], dict(force_anneal=3, total_num_update=40, end_learning_rate=1e-5)),
    ("cosine", [1e-3], dict(max_update=30)),
    ("cosine", [1e-3], dict(warmup_updates=5, warmup_init_lr=1e-5, min_lr=1e-6, lr_period_updates=9)),
    ("cosine", [1e-3], dict(warmup_updates=5, min_lr=1e-5, lr_period_updates=7, t_mult=2.0, lr_shrink=0.5)),
    ("reduce_lr_on_plateau", [1e-3], dict(values=FALLING)),
    ("reduce_lr_on_plateau", [1e-3], dict(lr_shrink=0.5, lr_patience=1, values=FALLING)),
    ("reduce_lr_on_plateau", [1e-3], dict(maximize_best_checkpoint_metric=True, values=[10.0, 20.0, None, 19.0, 20.0])),
    ("reduce_lr_on_plateau", [1e-3], dict(warmup_updates=12, warmup_init_lr=1e-5, lr_threshold=0.1, values=FALLING)),
    ("step", [1e-3], dict(lr_deacy_period=7)),
    ("step", [1e-3], dict(warmup_updates=5, warmup_init_lr=1e-5, min_lr=2e-4, lr_deacy_period=4, lr_decay=0.6)),
    ("tri_stage", [1e-3], dict(warmup_steps=6, hold_steps=5, decay_steps=12)),
    ("tri_stage", [1e-3], dict(phase_ratio=[0.1, 0.4, 0.5], init_lr_scale=0.1, final_lr_scale=0.05, max_update=33)),
    ("triangular", [1e-4], dict(max_lr=1e-3, lr_period_updates=9)),
    ("triangular", [1e-4], dict(max_lr=1e-3, lr_period_updates=8, lr_shrink=0.5, shrink_min=True)),
]
UPDATES_PER_EPOCH = 8


def run(checkout, name, lr, given):
    given = dict(given)
    values = given.pop("values", [None] * 4)
    cfg = types.SimpleNamespace(**{"lr": lr, "max_update": 0, "maximize_best_checkpoint_metric": False, **DEFAULTS[name], **given})
    if name == "polynomial_decay" and not hasattr(cfg, "total_num_update"):
        cfg.total_num_update = cfg.max_update
    file, cls = CLASSES[name]
    optimizer = FairseqOptimizer(lr[0])
    schedule = getattr(load(checkout, file), cls)(cfg, optimizer)
    schedule.step_update(0)
    updates, rates, reached = 0, [], [optimizer.get_lr()]
    for epoch, value in enumerate(values, 1):
        schedule.step_begin_epoch(epoch)
        schedule.step_update(updates)
        for _ in range(UPDATES_PER_EPOCH):
            rates.append(optimizer.get_lr())
            updates += 1
            schedule.step_update(updates)
        schedule.step(epoch, value)
        schedule.step_update(updates)
        reached.append(optimizer.get_lr())
    return dict(scheduler=name, lr=lr, options=given, values=values, rates=rates, reached=reached)


def main():
    checkout = sys.argv[1]
    stub(checkout)
    cases = [run(checkout, *case) for case in CASES]
    json.dump(dict(about=__doc__, torch=torch.__version__, updatesPerEpoch=UPDATES_PER_EPOCH, cases=cases), sys.stdout)
    sys.stdout.write("\n")


main()
