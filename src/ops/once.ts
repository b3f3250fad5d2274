/** Returns a function that runs `work` only at its first call: imports must not load the tensor library. */
export function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
