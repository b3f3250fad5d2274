"""Runs fairseq's preprocess for bench/preprocess.ts.

    python preprocess.py ARGUMENT...     the arguments of fairseq-preprocess

The last line of its output is JSON: the seconds, without the start of Python and the imports, and peak memory in bytes (of
the process plus its largest worker). Exits with code 3 if fairseq is not installed.
"""

import json
import resource
import sys
import time

try:
    from fairseq_cli.preprocess import cli_main
except ImportError as error:
    print(f"{sys.executable} has no fairseq: {error}", file=sys.stderr)
    sys.exit(3)

start = time.perf_counter()
cli_main()
seconds = time.perf_counter() - start
peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": seconds, "peakBytes": peak * 1024}))
