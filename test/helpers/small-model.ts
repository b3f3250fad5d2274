/** Flags of `train` for a Transformer with one layer on each side, 8 wide. */
export const SMALL_SIZES = [
  ...['--encoder-layers', '1', '--decoder-layers', '1'],
  ...['--encoder-embed-dim', '8', '--decoder-embed-dim', '8'],
] as const;
