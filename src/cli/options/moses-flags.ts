/** Flags of several Moses scripts that are not supported, with what to do instead. */
export const MOSES_FLAGS = {
  '-b': 'output is written in blocks of lines; remove the flag',
  '-q': 'nothing but the text is printed; remove the flag',
} as const;
