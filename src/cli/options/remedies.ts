// What to do instead of some of fairseq's options.

/** Remedy for fairseq's options of distributed training. */
export const ONE_PROCESS =
  'start several processes with mpirun -n N (docs/distributed.md); for larger batches in one process, raise --update-freq';

/** Remedy for fairseq's options that choose a dataset implementation. */
export const MMAP_ONLY = 'only mmap datasets are read, the format that preprocess writes; remove the flag';
