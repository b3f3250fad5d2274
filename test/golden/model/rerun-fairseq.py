"""Runs fairseq's golden updates again with fairseq itself: how near is near, and what is it without ReLU's kink?

    python rerun-fairseq.py FAIRSEQ REFERENCE OUT

FAIRSEQ: a checkout of main whose `batch_by_size` keeps the last sentences, as 0.12.2 does (in fairseq/data/data_utils.py
the two lines under `if bsz_mult > 1 and len(b[-1]) % bsz_mult != 0:` deleted); REFERENCE: the folder with data-bin/joined
and model/*.pt; OUT: an empty folder. Needs torch and safetensors beside fairseq.

Every run starts from initial.pt: 20 updates of the whole data (trajectory.json) and 60 over fairseq's batches
(trajectory-batches.json), with ReLU and with GELU, on 2 threads, on 1, and on 1 without AVX-512. Prints how far the
weights of each end from those of 2 threads (with ReLU: from update20.pt and update60.pt), relative to their change.
Writes trajectories-gelu.json and update{20,60}-gelu.safetensors, those of 2 threads.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

fairseq, reference, out = map(Path, sys.argv[1:])
MODEL = (
    "--arch transformer --encoder-embed-dim 64 --decoder-embed-dim 64 --encoder-ffn-embed-dim 128 "
    "--decoder-ffn-embed-dim 128 --encoder-layers 2 --decoder-layers 2 --encoder-attention-heads 4 "
    "--decoder-attention-heads 4 --share-all-embeddings"
)
TRAINING = (
    "--optimizer adam --adam-betas (0.9,0.98) --clip-norm 1.0 --lr-scheduler inverse_sqrt --dropout 0.0 --seed 3 "
    "--criterion label_smoothed_cross_entropy --label-smoothing 0.1"
)
UPDATES = {
    20: "--lr 5e-3 --warmup-updates 20 --weight-decay 0.0001 --max-tokens 100000 --required-batch-size-multiple 1",
    60: "--lr 1e-3 --warmup-updates 30 --weight-decay 0.01 --max-tokens 400 --update-freq 2",
}
MACHINES = {
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "1 thread": {"OMP_NUM_THREADS": "1"},
    "1 thread, AVX2": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2"},
}
FIGURES = ("epoch", "num_updates", "loss", "nll_loss", "ppl", "wpb", "bsz", "lr", "gnorm", "clip")
TIED = ("encoder.version", "decoder.version", "decoder.embed_tokens.weight", "decoder.output_projection.weight")


def weights(path):
    state = torch.load(path, map_location="cpu", weights_only=False)["model"]
    return {name: value.float() for name, value in state.items() if name not in TIED}


def train(updates, activation, machine):
    """@returns the options of the training, the figures of each update, and the weights at the end"""
    save = out / f"{updates}-{activation}-{machine}".replace(" ", "-").replace(",", "")
    options = f"{TRAINING} {UPDATES[updates]} --activation-fn {activation} --max-update {updates}"
    command = (
        f"{sys.executable} {fairseq}/fairseq_cli/train.py {reference}/data-bin/joined -s de -t en {MODEL} {options} "
        f"--cpu --num-workers 0 --disable-validation --no-epoch-checkpoints --log-format json --log-interval 1 "
        f"--finetune-from-model {reference}/model/initial.pt --save-dir {save}"
    )
    environment = {"PYTHONPATH": str(fairseq), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", **MACHINES[machine]}
    log = subprocess.run(
        command.split(), env={**os.environ, **environment}, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout
    lines = [json.loads(line.split("| train_inner | ")[1]) for line in log.splitlines() if "| train_inner | {" in line]
    figures = [{key: line[key] for key in FIGURES if key in line} for line in lines]
    return options, figures, weights(save / "checkpoint_last.pt")


def distance(ours, theirs):
    """The tensor that is furthest away, relative to its change from initial.pt, and how many are beyond 1e-3."""
    initial = weights(reference / "model" / "initial.pt")
    apart = {
        name: float((ours[name] - value).double().norm() / (value - initial[name]).double().norm())
        for name, value in theirs.items()
        if not name.endswith("k_proj.bias")
    }
    furthest = max(apart, key=apart.get)
    beyond = sum(value > 1e-3 for value in apart.values())
    return f"{apart[furthest]:.1e} {furthest}; {beyond} of {len(apart)} tensors beyond 1e-3"


golden = {"about": "fairseq main with the batches of 0.12.2, from initial.pt with --activation-fn gelu, 2 threads"}
for updates in UPDATES:
    for activation in ("relu", "gelu"):
        theirs = None if activation == "gelu" else weights(reference / "model" / f"update{updates}.pt")
        for machine in MACHINES:
            options, figures, ours = train(updates, activation, machine)
            if theirs is None:
                theirs = ours
                golden[f"update{updates}"] = {"args": options, "updates": figures}
                save_file(ours, out / f"update{updates}-gelu.safetensors")
            print(f"{updates} updates, {activation}, {machine}: {distance(ours, theirs)}", flush=True)
(out / "trajectories-gelu.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
