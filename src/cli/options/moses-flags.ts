/** Flags of several Moses scripts that there are on purpose not, with what to do instead. */
export const MOSES_FLAGS = {
  '-b': 'lines are written in blocks; leave it out',
  '-q': 'nothing is printed beside the text; leave it out',
} as const;
