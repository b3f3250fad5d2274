// What to do instead of several of fairseq's options.

export const ONE_PROCESS = 'training runs in one process; for larger batches raise --update-freq';
export const MMAP_ONLY = 'data are read in the form that preprocess writes, mmap; leave it out';
