"""fairseq's own preprocess at the work of bench/preprocess.ts.

    python preprocess.py ARGUMENT...     those of fairseq-preprocess

Prints a line of JSON as its last: the seconds, without the start of Python and the imports, and peak memory in bytes (of the
process and the largest of its workers). Ends with code 3 where there is no fairseq.
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
