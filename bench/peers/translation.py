"""Translates sentences with one of our models in CTranslate2. Prints a line of JSON with the times.

    python translation.py '{"checkpoint": "averaged.safetensors", "data": "data-bin/de-en", "sentences": "source.json",
                            "precision": "int8", "beam": 5, "batch": 128, "threads": 2, "steps": null}'

`sentences` is a JSON list of lists of tokens; `steps` fixes the number of tokens per translation, including </s>.
"""

import json
import math
import resource
import struct
import sys
import tempfile
import time

import ctranslate2
import numpy as np
from ctranslate2.specs import TransformerSpec, common_spec

WARMUP = 2  # sentences


def read_safetensors(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        body = file.read()
    metadata = json.loads(header.pop("__metadata__")["ts-fairseq"])
    kinds = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "I32": np.int32}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def sinusoidal(rows, embed):
    """fairseq's table from its first position (2) on."""
    half = embed // 2
    angles = np.arange(2, rows + 2)[:, None] * np.exp(np.arange(half) * -(math.log(10000) / (half - 1)))[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], 1).astype(np.float32)


def set_linear(spec, weights, names):
    spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def set_norm(spec, weights, name):
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def set_attention(spec, weights, name, groups):
    for linear, names in zip(spec.linear, [*groups, ["out_proj"]]):
        set_linear(linear, weights, [f"{name}.{part}" for part in names])
    set_norm(spec.layer_norm, weights, f"{name}_layer_norm")


def set_side(spec, weights, side):
    table = weights.get(f"{side}.embed_tokens.weight", weights["encoder.embed_tokens.weight"])
    (spec.embeddings[0] if isinstance(spec.embeddings, list) else spec.embeddings).weight = table
    spec.scale_embeddings = math.sqrt(table.shape[1])
    spec.position_encodings.encodings = sinusoidal(1024, table.shape[1])
    for index, layer in enumerate(spec.layer):
        name = f"{side}.layers.{index}"
        set_attention(layer.self_attention, weights, f"{name}.self_attn", [["q_proj", "k_proj", "v_proj"]])
        if side == "decoder":
            set_attention(layer.attention, weights, f"{name}.encoder_attn", [["q_proj"], ["k_proj", "v_proj"]])
        set_norm(layer.ffn.layer_norm, weights, f"{name}.final_layer_norm")
        set_linear(layer.ffn.linear_0, weights, [f"{name}.fc1"])
        set_linear(layer.ffn.linear_1, weights, [f"{name}.fc2"])


def vocabulary(path):
    with open(path, encoding="utf-8") as lines:
        return ["<s>", "<pad>", "</s>", "<unk>", *(line.rsplit(" ", 1)[0] for line in lines)]


def convert(checkpoint, data, folder):
    weights, metadata = read_safetensors(checkpoint)
    options, languages = metadata["options"], metadata["languages"]
    spec = TransformerSpec.from_config(
        (options["encoderLayers"], options["decoderLayers"]),
        options["encoderAttentionHeads"],
        pre_norm=False,
        activation=common_spec.Activation.RELU,
    )
    set_side(spec.encoder, weights, "encoder")
    set_side(spec.decoder, weights, "decoder")
    shared = weights.get("decoder.embed_tokens.weight", weights["encoder.embed_tokens.weight"])
    spec.decoder.projection.weight = weights.get("decoder.output_projection.weight", shared)
    spec.register_source_vocabulary(vocabulary(f"{data}/dict.{languages['source']}.txt"))
    spec.register_target_vocabulary(vocabulary(f"{data}/dict.{languages['target']}.txt"))
    spec.config.decoder_start_token = spec.config.eos_token
    spec.config.add_source_eos = True
    spec.validate()
    spec.optimize()
    spec.save(folder)


def main():
    given = json.loads(sys.argv[1])
    with open(given["sentences"], encoding="utf-8") as file:
        sentences = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        convert(given["checkpoint"], given["data"], folder)
        start = time.perf_counter()
        translator = ctranslate2.Translator(
            folder, compute_type=given["precision"], inter_threads=1, intra_threads=given["threads"]
        )
        load = time.perf_counter() - start
    steps = given["steps"]
    lengths = {"max_decoding_length": 200} if steps is None else {"min_decoding_length": steps, "max_decoding_length": steps}

    def translate(lines):
        return translator.translate_batch(
            lines, beam_size=given["beam"], max_batch_size=given["batch"], batch_type="examples", **lengths
        )

    translate(sentences[:WARMUP])
    start = time.perf_counter()
    results = translate(sentences)
    seconds = time.perf_counter() - start
    tokens = sum(len(result.hypotheses[0]) + (1 if steps is None else 0) for result in results)
    report = {
        "sentencesPerSecond": len(sentences) / seconds,
        "tokensPerSecond": tokens / seconds,
        "loadSeconds": load,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "hypotheses": [" ".join(result.hypotheses[0]) for result in results] if given.get("print") else None,
    }
    print(json.dumps(report))


main()
