"""Runs the commands of bench/text.ts with Python tools, from INPUT to OUTPUT.

    python text.py sacremoses|subword-nmt|sacrebleu INPUT OUTPUT ARGUMENT…
    python text.py spm-train TEXT,… MODEL_PREFIX PIECES THREADS
    python text.py spm-encode|spm-decode MODEL INPUT OUTPUT

The first three run the console scripts with INPUT as stdin. Writes a line of JSON to file descriptor 3: seconds of processor
time and peak memory in bytes of this process, including start-up.
"""

import atexit
import json
import os
import resource
import sys


def report():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"cpuSeconds": usage.ru_utime + usage.ru_stime, "peakBytes": usage.ru_maxrss * 1024}
    os.write(3, json.dumps(figures).encode())


def console_script(name, source, target, *arguments):
    os.dup2(os.open(source, os.O_RDONLY), 0)
    os.dup2(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    sys.argv = [name, *arguments]
    if name == "sacremoses":
        from sacremoses.cli import cli as main
    elif name == "subword-nmt":
        from subword_nmt.subword_nmt import main
    else:
        from sacrebleu.sacrebleu import main
    main()


def spm_train(text, prefix, pieces, threads):
    import sentencepiece

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
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as output:
        for line in lines:
            print(of_line(processor, line.rstrip("\n")), file=output)


def spm_encode(model, source, target):
    convert(model, source, target, lambda processor, line: " ".join(processor.encode_as_pieces(line)))


def spm_decode(model, source, target):
    convert(model, source, target, lambda processor, line: processor.decode_pieces(line.split(" ")))


atexit.register(report)
command, *rest = sys.argv[1:]
spm = {"spm-train": spm_train, "spm-encode": spm_encode, "spm-decode": spm_decode}
if command in spm:
    spm[command](*rest)
else:
    console_script(command, *rest)
