"""Makes fairseq-*.pt and torch-*.pt, checkpoints as fairseq writes them of a tiny model, by torch.save, and what is to be
found in them: fairseq-*.safetensors and torch.json.

python make-fairseq.py DIRECTORY   (PyTorch, NumPy, safetensors)
"""

import argparse
import collections
import enum
import json
import os
import sys
import types

import numpy
import torch
from safetensors.torch import save_file

OUT = sys.argv[1]
VOCAB, WIDTH, INNER = 8, 4, 6
torch.manual_seed(1)


def module(name, **classes):
    """A module of which only the name matters: pickles then name its classes."""
    made = types.ModuleType(name)
    for key, value in classes.items():
        value.__module__, value.__qualname__ = name, key
        setattr(made, key, value)
    sys.modules[name] = made
    for end in [index for index, character in enumerate(name) if character == "."]:
        sys.modules.setdefault(name[:end], types.ModuleType(name[:end]))


def norm(name):
    return [(f"{name}.weight", (WIDTH,)), (f"{name}.bias", (WIDTH,))]


def linear(name, rows=WIDTH, columns=WIDTH):
    return [(f"{name}.weight", (rows, columns)), (f"{name}.bias", (rows,))]


def attention(name):
    return [part for projection in ("k_proj", "v_proj", "q_proj", "out_proj") for part in linear(f"{name}.{projection}")]


def layer(side, index=0):
    name = f"{side}.layers.{index}"
    parts = attention(f"{name}.self_attn") + norm(f"{name}.self_attn_layer_norm")
    if side == "decoder":
        parts += attention(f"{name}.encoder_attn") + norm(f"{name}.encoder_attn_layer_norm")
    return parts + linear(f"{name}.fc1", INNER) + linear(f"{name}.fc2", WIDTH, INNER) + norm(f"{name}.final_layer_norm")


def values(shape, dtype=torch.float32):
    return torch.randn(*shape).to(dtype)


MODEL_OPTIONS = dict(
    arch="transformer_tiny", encoder_embed_dim=WIDTH, encoder_ffn_embed_dim=INNER, encoder_layers=1,
    encoder_attention_heads=2, encoder_normalize_before=False, encoder_learned_pos=False,
    decoder_embed_dim=WIDTH, decoder_ffn_embed_dim=INNER, decoder_layers=1, decoder_attention_heads=2,
    decoder_normalize_before=False, decoder_learned_pos=False, decoder_output_dim=WIDTH, decoder_input_dim=WIDTH,
    activation_fn="relu", dropout=0.25, attention_dropout=0.0, adaptive_softmax_cutoff=None, adaptive_input=False,
    no_cross_attention=False, cross_self_attention=False, layernorm_embedding=False, encoder_layerdrop=0,
)
TASK = dict(_name="translation", data="data-bin", source_lang="de", target_lang="en", left_pad_source=True,
            left_pad_target=False, max_source_positions=1024, max_target_positions=1024)


def history(name, updates):
    return [{"criterion_name": "LabelSmoothedCrossEntropyCriterion", "optimizer_name": name,
             "lr_scheduler_state": {"best": None}, "num_updates": updates}]


def average(priority, name, value, total, count, digits):
    return (priority, name, "AverageMeter", {"val": value, "sum": total, "count": count, "round": digits})


def record(name, model, moments):
    """Writes what is to be found in a checkpoint."""
    tensors = {f"optimizer.{key}": tensor for key, tensor in moments.items()} | model
    tensors = {key: tensor.float().contiguous().clone() for key, tensor in tensors.items()}
    save_file(tensors, os.path.join(OUT, f"fairseq-{name}.safetensors"))


# 1. As fairseq's main writes it: zip format, cfg, shared embeddings, Adam, in the middle of an epoch.
shapes = [("encoder.embed_tokens.weight", (VOCAB, WIDTH))] + layer("encoder") + layer("decoder")
weights = {name: values(shape) for name, shape in shapes}
state = {}
for index, (name, shape) in enumerate(shapes):
    state[index] = {"step": 7, "exp_avg": values(shape), "exp_avg_sq": values(shape).square()}
model = collections.OrderedDict()
model["encoder.version"] = torch.tensor([3.0])
for name, tensor in weights.items():
    if name.startswith("decoder") and "decoder.version" not in model:
        model["decoder.version"] = torch.tensor([3.0])
        model["decoder.embed_tokens.weight"] = weights["encoder.embed_tokens.weight"]
    model[name] = tensor
model["decoder.output_projection.weight"] = weights["encoder.embed_tokens.weight"]
model._metadata = collections.OrderedDict([("", {"version": 1})])
namespace = argparse.Namespace(**MODEL_OPTIONS, share_all_embeddings=True, share_decoder_input_output_embed=True,
                               _name="transformer_tiny", lr=[0.005], seed=3)
cfg = {
    "_name": None,
    "common": {"_name": None, "seed": 3, "fp16": False},
    "optimization": {"_name": None, "max_update": 0, "clip_norm": 1.0, "update_freq": [2], "lr": [0.005]},
    "dataset": {"_name": None, "max_tokens": 400, "batch_size": None},
    "checkpoint": {"_name": None, "best_checkpoint_metric": "loss", "maximize_best_checkpoint_metric": False},
    "model": namespace,
    "task": TASK,
    "criterion": {"_name": "label_smoothed_cross_entropy", "label_smoothing": 0.1, "report_accuracy": False},
    "optimizer": {"_name": "adam", "adam_betas": "(0.9,0.98)", "adam_eps": 1e-08, "weight_decay": 0.0001, "lr": [0.005]},
    "lr_scheduler": {"_name": "inverse_sqrt", "warmup_updates": 20, "warmup_init_lr": -1.0, "lr": [0.005]},
}
metrics = collections.OrderedDict(
    default=[],
    train=[
        average(10, "loss", torch.tensor(7.5), torch.tensor(1200.0), 150, 3),
        (90, "wps", "TimeMeter", {"init": 14.1, "n": 119833, "round": 1}),
        average(180, "wpb", 75, 150, 2, 1),
    ],
)
torch.save(
    {
        "args": None, "cfg": cfg, "model": model, "criterion": None, "optimizer_history": history("FairseqAdam", 7),
        "task_state": {},
        "extra_state": {"metrics": metrics, "previous_training_time": 1.0, "val_loss": 9.25, "best": 9.125,
                        "train_iterator": {"version": 2, "epoch": 2, "iterations_in_epoch": 4, "shuffle": True}},
        "last_optimizer_state": {
            "state": state,
            "param_groups": [{"lr": 0.005, "betas": (0.9, 0.98), "eps": 1e-08, "weight_decay": 0.0001,
                              "amsgrad": False, "params": list(range(len(shapes)))}],
        },
    },
    os.path.join(OUT, "fairseq-main.pt"),
)
moments = {f"{key}.{name}": state[index][key] for index, (name, _) in enumerate(shapes) for key in ("exp_avg", "exp_avg_sq")}
record("main", weights, moments)


# 2. Mixed precision: half weights, one vector of fp32 moments; cfg as fairseq 0.10 has it, OmegaConf's own containers.
class DictConfig:
    pass


class AnyNode:
    pass


class Choice(enum.Enum):
    pytorch_ddp = "pytorch_ddp"


module("omegaconf.dictconfig", DictConfig=DictConfig)
module("omegaconf.nodes", AnyNode=AnyNode)
module("fairseq.dataclass.constants", Choice=Choice)


def omegaconf(value, parent=None):
    node = DictConfig() if isinstance(value, dict) else AnyNode()
    node._metadata, node._parent = {"optional": True}, parent
    if isinstance(value, dict):
        node._content = {key: omegaconf(item, node) for key, item in value.items()}
    else:
        node._val = value
    return node


shapes = [("encoder.embed_tokens.weight", (VOCAB, WIDTH))] + layer("encoder")
shapes += [("decoder.embed_tokens.weight", (VOCAB + 2, WIDTH))] + layer("decoder")
shapes += [("decoder.output_projection.weight", (VOCAB + 2, WIDTH))]
weights = {name: values(shape, torch.float16) for name, shape in shapes}
weights["encoder.layers.0.fc1.bias"][:3] = torch.tensor([6e-8, -0.0, float("inf")]).half()
total = sum(tensor.numel() for tensor in weights.values())
flat = {"exp_avg": values((total,)), "exp_avg_sq": values((total,)).square()}
model = collections.OrderedDict([("encoder.version", torch.tensor([3.0]).half())])
for name, tensor in weights.items():
    model[name] = tensor
    if name == "encoder.embed_tokens.weight":
        model["encoder.embed_positions._float_tensor"] = torch.zeros(1).half()
model["decoder.version"] = torch.tensor([3.0]).half()
sides = {"encoder": {}, "decoder": {}, "_name": "transformer_tiny"}
for key, value in MODEL_OPTIONS.items():
    side, _, rest = key.partition("_")
    (sides[side] if side in sides else sides)[rest if side in sides else key] = value
del sides["arch"]
cfg = omegaconf({
    "common": {"seed": 5, "fp16": True},
    "distributed_training": {"ddp_backend": Choice.pytorch_ddp},
    "optimization": {"lr": [0.001], "update_freq": [1]},
    "model": sides,
    "task": TASK,
    "criterion": {"_name": "cross_entropy", "sentence_avg": "${optimization.sentence_avg}"},
    "optimizer": {"_name": "adam", "adam_betas": "(0.9, 0.999)", "lr": "${optimization.lr}"},
    "lr_scheduler": {"_name": "fixed", "warmup_updates": 0},
})
torch.save(
    {
        "cfg": cfg, "args": None, "model": model, "optimizer_history": history("FP16Optimizer", 11),
        "extra_state": {"train_iterator": {"version": 2, "epoch": 3, "iterations_in_epoch": 0, "shuffle": True},
                        "val_loss": numpy.float64(3.0), "best": numpy.float64(2.5)},
        "last_optimizer_state": {"state": {0: {"step": 11, **flat}}, "loss_scale": 128.0,
                                 "param_groups": [{"lr": 0.001, "params": [0]}]},
    },
    os.path.join(OUT, "fairseq-fp16.pt"),
)
moments, offset = {}, 0
for name, shape in shapes:
    size = weights[name].numel()
    for key in flat:
        moments[f"{key}.{name}"] = flat[key][offset : offset + size].view(shape)
    offset += size
record("fp16", weights, moments)

# 3. The format before PyTorch 1.6 with the names of fairseq before 0.9: stacked projections, numbered norms, embed_out;
#    among its tensors a transposed one and views of one storage. Optimizer states are keyed by addresses.
block = values((100,))
old, new = collections.OrderedDict(), {}


def put(name, tensor, *today):
    old[name] = tensor
    for part, of in zip(today or (name,), tensor.chunk(len(today or (name,)))):
        new[part] = of


def old_attention(name):
    for part, tensor in (("weight", values((3 * WIDTH, WIDTH))), ("bias", block[10 : 10 + 3 * WIDTH])):
        put(f"{name}.in_proj_{part}", tensor, *(f"{name}.{projection}_proj.{part}" for projection in "qkv"))
    put(f"{name}.out_proj.weight", values((WIDTH, WIDTH)).t())
    put(f"{name}.out_proj.bias", block[40 : 40 + 2 * WIDTH : 2])


for side, norms in (("encoder", ("self_attn", "final")), ("decoder", ("self_attn", "encoder_attn", "final"))):
    put(f"{side}.embed_tokens.weight", values((VOCAB, WIDTH)))
    old[f"{side}.version"] = torch.tensor([3.0])
    old[f"{side}.embed_positions._float_tensor"] = torch.zeros(1)
    name = f"{side}.layers.0"
    old_attention(f"{name}.self_attn")
    if side == "decoder":
        old_attention(f"{name}.encoder_attn")
    for part, shape in linear(f"{name}.fc1", INNER) + linear(f"{name}.fc2", WIDTH, INNER):
        put(part, values(shape))
    for index, kind in enumerate(norms):
        for part in ("weight", "bias"):
            put(f"{name}.layer_norms.{index}.{part}", values((WIDTH,)), f"{name}.{kind}_layer_norm.{part}")
put("decoder.embed_out", values((VOCAB, WIDTH)), "decoder.output_projection.weight")
trained = [name for name in old if not name.endswith(("version", "_float_tensor"))]
addresses = [140_000_000_000_000 + 16 * index for index in range(len(trained))]
state = {address: {"step": 2, "exp_avg": values(old[name].shape), "exp_avg_sq": values(old[name].shape).square()}
         for address, name in zip(addresses, trained)}
args = argparse.Namespace(**{**MODEL_OPTIONS, "arch": "transformer"}, task="translation", source_lang="de", target_lang="en",
                          criterion="cross_entropy", optimizer="adam", adam_betas="(0.9, 0.98)", lr=[0.25], seed=1,
                          lr_scheduler="inverse_sqrt", left_pad_source="True", left_pad_target="False", max_sentences=8,
                          relu_dropout=0.125, share_all_embeddings=False, share_decoder_input_output_embed=False)
torch.save(
    {
        "args": args, "model": old,
        "optimizer_history": [{"criterion_name": "CrossEntropyCriterion", "optimizer_name": "FairseqAdam",
                               "lr_scheduler_state": {"best": 4.5}, "num_updates": 2}],
        "extra_state": {"train_iterator": {"epoch": 1, "iterations_in_epoch": 2}, "val_loss": None},
        "last_optimizer_state": {"state": state, "param_groups": [{"lr": 0.25, "params": addresses}]},
    },
    os.path.join(OUT, "fairseq-old.pt"),
    _use_new_zipfile_serialization=False,
)
moments, today = {}, iter(new)
for address, name in zip(addresses, trained):
    count = 3 if "in_proj" in name else 1
    parts = [next(today) for _ in range(count)]
    for key in ("exp_avg", "exp_avg_sq"):
        for part, of in zip(parts, state[address][key].chunk(count)):
            moments[f"{key}.{part}"] = of
record("old", new, moments)

# 4. Every element type and every kind of view and plain value, in each protocol.
base = torch.arange(24)
tensors = {
    "float64": torch.tensor([1e-300, 0.1], dtype=torch.float64),
    "float16": torch.tensor([0.5, -65504, 6e-8]).half(),
    "bfloat16": torch.tensor([0.5, 3.0e38, -1e-38]).bfloat16(),
    "int64": torch.tensor([2**53 + 1, -1]),
    "int32": torch.tensor([2**31 - 1, -5], dtype=torch.int32),
    "int16": torch.tensor([-(2**15)], dtype=torch.int16),
    "int8": torch.tensor([-128, 127], dtype=torch.int8),
    "uint8": torch.tensor([255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
    "transposed": base.view(4, 6).t(),
    "strided": base.view(2, 3, 4)[:, ::2, 1::2],
    "offset": base[5:9],
    "expanded": torch.tensor([1.0, 2.0]).expand(3, 2),
    "parameter": torch.nn.Parameter(torch.ones(2)),
}
plain = {
    "none": None, "true": True, "int": -7, "large": 2**70, "negative": -(2**70), "byte": 255, "float": 0.1, "whole": 1.0,
    "nan": float("nan"), "text": "ä€𝄞", "bytes": b"\x00\xff", "tuple": (1, (2,), ()), "list": [1, [2.5]], 3: {"k": "v"},
    "ordered": collections.OrderedDict(b=1, a=2), "set": {1}, "numpy": numpy.float32(0.5), "numpy int": numpy.int64(-3),
    "size": torch.Size([2, 3]), "choice": Choice.pytorch_ddp, "counter": collections.Counter("aab"),
}
for protocol in (2, 3, 4, 5):
    torch.save({**tensors, **plain}, os.path.join(OUT, f"torch-protocol{protocol}.pt"), pickle_protocol=protocol)
torch.save({**tensors, **plain}, os.path.join(OUT, "torch-legacy.pt"), _use_new_zipfile_serialization=False)
listed = {
    key: [list(value.shape), [str(item) for item in (value.int() if value.dtype == torch.bool else value).flatten().tolist()]]
    for key, value in tensors.items()
}
with open(os.path.join(OUT, "torch.json"), "w") as file:
    json.dump(listed, file)
