import { readFileSync } from 'node:fs';
import type { Gemm } from './gemm-peak.js';

/** The sizes of a Transformer that determine its arithmetic. */
export interface ModelSize {
  readonly name: string;
  readonly flags: readonly string[];
  readonly embed: number;
  readonly inner: number;
  readonly layers: number; // of the encoder, and of the decoder
  readonly heads: number;
  /** Whether one table serves as the embeddings of both sides and the classifier. */
  readonly shared: boolean;
}

/** The number of tokens of a batch. */
export interface BatchWork {
  readonly sourceTokens: number; // without padding
  readonly targetTokens: number;
}

export const MODELS = {
  iwslt: {
    name: 'transformer_iwslt_de_en',
    flags: ['--arch', 'transformer_iwslt_de_en'],
    embed: 512,
    inner: 1024,
    layers: 6,
    heads: 4,
    shared: false,
  },
  base: {
    name: 'transformer (base)',
    flags: ['--arch', 'transformer', '--share-all-embeddings'],
    embed: 512,
    inner: 2048,
    layers: 6,
    heads: 8,
    shared: true,
  },
  big: {
    name: 'transformer_vaswani_wmt_en_de_big',
    flags: ['--arch', 'transformer_vaswani_wmt_en_de_big', '--share-all-embeddings'],
    embed: 1024,
    inner: 4096,
    layers: 6,
    heads: 16,
    shared: true,
  },
  small: {
    name: 'Multi30k 4+4 128/256',
    flags: [
      ...['--arch', 'transformer', '--encoder-layers', '4', '--decoder-layers', '4'],
      ...['--encoder-embed-dim', '128', '--encoder-ffn-embed-dim', '256'],
      ...['--encoder-attention-heads', '4', '--decoder-attention-heads', '4', '--share-all-embeddings'],
    ],
    embed: 128,
    inner: 256,
    layers: 4,
    heads: 4,
    shared: true,
  },
} as const satisfies Record<string, ModelSize>;

/** The size with the name of `--model`. Ends the process for an unknown name. */
export function modelSize(name: string): ModelSize {
  const size = (MODELS as Readonly<Record<string, ModelSize>>)[name];
  if (size !== undefined) return size;
  console.error(`bench: unknown --model ${name}; choose one of ${Object.keys(MODELS).join(', ')}`);
  return process.exit(2);
}

/** A weight matrix [out, in] and the rows with which it is multiplied. */
interface Linear {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly rows: 'source' | 'target' | 'classifier';
  readonly count: number;
}

export function linears({ embed, inner, layers }: ModelSize, vocab: number): Linear[] {
  const both = (name: string, columns: number, out: number): Linear[] => [
    { name: `encoder ${name}`, in: columns, out, rows: 'source', count: layers },
    { name: `decoder ${name}`, in: columns, out, rows: 'target', count: layers },
  ];
  return [
    ...both('q, k, v', embed, 3 * embed),
    ...both('attention output', embed, embed),
    ...both('fc1', embed, inner),
    ...both('fc2', inner, embed),
    { name: 'cross-attention k, v', in: embed, out: 2 * embed, rows: 'source', count: layers },
    { name: 'cross-attention q', in: embed, out: embed, rows: 'target', count: layers },
    { name: 'cross-attention output', in: embed, out: embed, rows: 'target', count: layers },
    { name: 'classifier', in: embed, out: vocab, rows: 'classifier', count: 1 },
  ];
}

/**
 * 6 · parameters in matrix products · tokens without padding: source tokens for the encoder and for the keys and values of
 * cross-attention, target tokens for the rest. Attention scores and recomputation do not count.
 */
export function trainingFlops(model: ModelSize, vocab: number, work: BatchWork): number {
  const tokens = { source: work.sourceTokens, target: work.targetTokens, classifier: work.targetTokens };
  return linears(model, vocab).reduce(
    (sum, linear) => sum + 6 * linear.in * linear.out * linear.count * tokens[linear.rows],
    0,
  );
}

/** Rows are padded to multiples of this for oneDNN's kernels. */
const ROW_MULTIPLE = 32;

/** The products of one update: y = x · Wᵀ, dx = dy · W and dW = dyᵀ · x of each linear layer. */
export function trainingGemms(model: ModelSize, vocab: number, work: BatchWork): Gemm[] {
  const tokens = { source: work.sourceTokens, target: work.targetTokens, classifier: work.targetTokens };
  return merged(
    linears(model, vocab).flatMap(({ name, in: columns, out, rows: side, count }) => {
      const rows = Math.ceil(tokens[side] / ROW_MULTIPLE) * ROW_MULTIPLE;
      return [
        { name: `${name} y`, m: rows, k: columns, n: out, transposed: false, count },
        { name: `${name} dx`, m: rows, k: out, n: columns, transposed: false, count },
        { name: `${name} dW`, m: out, k: rows, n: columns, transposed: true, count },
      ];
    }),
  );
}

/** The products of translating a batch: the encoder once, the decoder `steps` times per sentence and beam. */
export function generationGemms(
  model: ModelSize,
  vocab: number,
  { sourceTokens, rows, steps }: { sourceTokens: number; rows: number; steps: number },
): Gemm[] {
  return merged(
    linears(model, vocab).map(({ name, in: columns, out, rows: side, count }) => {
      const [m, times] = side === 'source' ? [sourceTokens, count] : [rows, count * steps];
      return { name, m, k: columns, n: out, transposed: false, count: times };
    }),
  );
}

/** Merges products with equal shapes. */
function merged(gemms: readonly Gemm[]): Gemm[] {
  const byShape = new Map<string, Gemm>();
  for (const gemm of gemms) {
    const key = [gemm.m, gemm.k, gemm.n, gemm.transposed].join();
    const known = byShape.get(key);
    byShape.set(key, known === undefined ? gemm : { ...known, count: known.count + gemm.count });
  }
  return [...byShape.values()];
}

/** The number of symbols in a data folder's dictionary, including the four special ones. */
export const vocabularySize = (dictionary: string): number =>
  readFileSync(dictionary, 'utf8').trimEnd().split('\n').length + 4;
