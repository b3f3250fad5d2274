const POOL_SIZE = 4;
const SHIFT = 16;

/**
 * numpy's `SeedSequence`: distributes a seed of any size over a pool of 32-bit words (M. O'Neill, "Developing a seed_seq
 * alternative", 2015).
 * @returns the first `count` words of its state
 */
export function seedWords(seed: bigint, count: number): Uint32Array {
  const pool = mixEntropy(wordsOf(seed));
  const hash = createHash(0x8b51f9dd, 0x58f38ded);
  return Uint32Array.from({ length: count }, (_, index) => hash(pool[index % POOL_SIZE]!));
}

function mixEntropy(entropy: readonly number[]): number[] {
  const hash = createHash(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL_SIZE }, (_, index) => hash(entropy[index] ?? 0));
  for (let source = 0; source < POOL_SIZE; source++) {
    for (let target = 0; target < POOL_SIZE; target++) {
      if (source !== target) pool[target] = mix(pool[target]!, hash(pool[source]!));
    }
  }
  for (const word of entropy.slice(POOL_SIZE)) {
    for (let target = 0; target < POOL_SIZE; target++) pool[target] = mix(pool[target]!, hash(word));
  }
  return pool;
}

/** A hash whose constant changes with every call. */
function createHash(initial: number, multiplier: number): (value: number) => number {
  let constant = initial;
  return (value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, multiplier);
    return foldDown(Math.imul(mixed, constant));
  };
}

const mix = (x: number, y: number): number => foldDown(Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y));

const foldDown = (value: number): number => (value ^ (value >>> SHIFT)) | 0;

/** The 32-bit words of a number, the lowest first. */
function wordsOf(value: bigint): number[] {
  const words: number[] = [];
  for (let rest = value; rest > 0n || words.length === 0; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words;
}
