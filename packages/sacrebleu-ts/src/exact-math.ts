/**
 * exp and log with the rounding of C's functions, which Python calls; JavaScript engines may differ in the last digit.
 * Both compute with pairs of numbers: sums high + low with about 100 bits.
 */
interface Pair {
  readonly high: number;
  readonly low: number;
}

const LN2: Pair = { high: Math.LN2, low: 2.3190468138462996e-17 };
/** Beyond this limit the result is close to overflow or underflow, and the engine's own function is used. */
const LIMIT = 700;
const HALVINGS = 6;
/** Terms of rⁿ/n!; with |r| < 0.006 the first omitted term is below 2^−96. */
const TERMS = 9;

export function exp(x: number): number {
  if (!(Math.abs(x) < LIMIT)) return Math.exp(x);
  const { high, low } = expPair(x);
  return high + low;
}

/** y = log(x), corrected by one Newton step: y + (x·e⁻ʸ − 1). */
export function log(x: number): number {
  const y = Math.log(x);
  if (!(Math.abs(y) < LIMIT)) return y;
  const e = expPair(-y);
  const product = multiply(x, e.high);
  return y + (product.high - 1 + (product.low + x * e.low));
}

/** eˣ = 2ᵏ · (e^(r/64))⁶⁴ with r = x − k·ln 2, the inner power by its series. */
function expPair(x: number): Pair {
  const k = Math.round(x / LN2.high);
  const multiple = multiply(k, LN2.high);
  const rest = add(x, -multiple.high);
  const r = scale(normalize(rest.high, rest.low - multiple.low - k * LN2.low), 2 ** -HALVINGS);
  let sum: Pair = { high: 1, low: 0 };
  for (let n = TERMS; n >= 1; n--) sum = plusOne(divide(times(sum, r), n));
  for (let halving = 0; halving < HALVINGS; halving++) sum = times(sum, sum);
  return scale(sum, 2 ** k);
}

/** a + b without error (Knuth). */
function add(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return { high, low: a - (high - part) + (b - part) };
}

/** a · b without error (Dekker). */
function multiply(a: number, b: number): Pair {
  const high = a * b;
  const [aHigh, bHigh] = [upperHalf(a), upperHalf(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return { high, low: aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow) };
}

/** The upper 26 bits of a number (Veltkamp). */
function upperHalf(a: number): number {
  const spread = 134217729 * a; // 2^27 + 1
  return spread - (spread - a);
}

function normalize(a: number, b: number): Pair {
  const high = a + b;
  return { high, low: b - (high - a) };
}

function times(a: Pair, b: Pair): Pair {
  const product = multiply(a.high, b.high);
  return normalize(product.high, product.low + (a.high * b.low + a.low * b.high));
}

function divide(a: Pair, n: number): Pair {
  const quotient = a.high / n;
  const back = multiply(quotient, n);
  return normalize(quotient, (a.high - back.high - back.low + a.low) / n);
}

function plusOne(a: Pair): Pair {
  const sum = add(1, a.high);
  return normalize(sum.high, sum.low + a.low);
}

/** Multiplies by a power of two. */
const scale = ({ high, low }: Pair, factor: number): Pair => ({ high: high * factor, low: low * factor });
