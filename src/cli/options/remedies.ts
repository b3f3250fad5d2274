// What to do instead of some of fairseq's options.

/** Remedy for fairseq's options of distributed training. */
export const ONE_PROCESS = 'training runs in one process; for larger batches, raise --update-freq';

/** Remedy for fairseq's options that choose a dataset implementation. */
export const MMAP_ONLY = 'only mmap datasets are read, the format that preprocess writes; remove the flag';
