"""The SentencePiece commands of bench/text.ts in Python's sentencepiece, from file to file.

    python sentencepiece_text.py train TEXT MODEL_PREFIX PIECES THREADS
    python sentencepiece_text.py encode|decode MODEL INPUT OUTPUT

Prints a line of JSON: the seconds, without the start of Python, and peak memory in bytes.
"""

import json
import resource
import sys
import time

import sentencepiece


def train(text, prefix, pieces, threads):
    sentencepiece.SentencePieceTrainer.train(
        input=text,
        model_prefix=prefix,
        vocab_size=int(pieces),
        model_type="bpe",
        character_coverage=1.0,
        num_threads=int(threads),
        minloglevel=2,
    )


def convert(model, source, target, of_line):
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as output:
        for line in lines:
            print(of_line(processor, line.rstrip("\n")), file=output)


def encode(model, source, target):
    convert(model, source, target, lambda processor, line: " ".join(processor.encode_as_pieces(line)))


def decode(model, source, target):
    convert(model, source, target, lambda processor, line: processor.decode_pieces(line.split(" ")))


start = time.perf_counter()
{"train": train, "encode": encode, "decode": decode}[sys.argv[1]](*sys.argv[2:])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
