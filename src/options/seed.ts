/** The `--seed` of training and translation. */
export const seedSpec = { kind: 'int', default: 1, min: 0, max: 2 ** 31 - 1 } as const;
