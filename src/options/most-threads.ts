/** The maximum of every option for a number of threads: more than machines have cores, fewer than systems allow. */
export const MOST_THREADS = 1024;
