/** Number in a checkpoint's name by which checkpoints of its kind are ordered; null for names of other kinds. */
export type NameKey = (name: string) => number | null;

/** `checkpoint12` → 12 */
export const epochOf: NameKey = (name) => firstNumber(/^checkpoint(\d+)$/.exec(name));

/** `checkpoint_3_1500` → 1500, saved within epoch 3 after 1500 updates */
export const updateOf: NameKey = (name) => firstNumber(/^checkpoint_\d+_(\d+)$/.exec(name));

/** `checkpoint.best_bleu_38.460` → 38.46 for the metric `bleu` */
export const bestValueOf =
  (metric: string): NameKey =>
  (name) => {
    const prefix = `checkpoint.best_${metric}_`;
    return name.startsWith(prefix) ? firstNumber(/^(-?\d+(?:\.\d+)?)$/.exec(name.slice(prefix.length))) : null;
  };

/** The names that have a key, the largest key first. */
export function rankNames(names: readonly string[], keyOf: NameKey): string[] {
  return names
    .flatMap((name) => {
      const key = keyOf(name);
      return key === null ? [] : [{ name, key }];
    })
    .sort((a, b) => b.key - a.key)
    .map(({ name }) => name);
}

/** A metric's value to this many decimals is what counts when the best are compared. */
const VALUE_DECIMALS = 6;

/** Rounds a metric's value for comparisons. */
export const roundValue = (value: number): number => Number(value.toFixed(VALUE_DECIMALS));

/**
 * A name for a checkpoint with that value: three decimals as in fairseq, up to six where they are not zero, and one
 * more digit where another checkpoint has the same value.
 */
export function bestCheckpointName(metric: string, value: number, taken: readonly string[]): string {
  const exact = `checkpoint.best_${metric}_${value.toFixed(VALUE_DECIMALS)}`;
  const plain = exact.replace(/0{1,3}$/, '');
  if (!taken.includes(plain)) return plain;
  let tie = 1;
  while (taken.includes(exact + tie)) tie++;
  return exact + tie;
}

const firstNumber = (match: RegExpExecArray | null): number | null => (match === null ? null : Number(match[1]));
