/** Of every option that asks for threads: more than processors have cores, and far from what a system gives a process. */
export const MOST_THREADS = 1024;
