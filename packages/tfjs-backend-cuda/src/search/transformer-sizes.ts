import { checkHeads, checkWhole } from '../kernels/checks.js';

/** The sizes of an encoder or a decoder. */
export interface StackSizes {
  readonly vocab: number;
  readonly positions: number; // rows of the position table
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly scale: number; // the factor of token embeddings
  readonly normalizeBefore: boolean;
  readonly normalizeEmbedding: boolean;
  readonly finalNorm: boolean;
}

/** The sizes of a Transformer with ReLU for search. */
export interface TransformerSizes {
  readonly embed: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
}

/** @throws Error for sizes that no Transformer has */
export function checkSizes({ embed, encoder, decoder }: TransformerSizes): void {
  for (const [side, sizes] of Object.entries({ encoder, decoder })) {
    for (const name of ['vocab', 'positions', 'layers', 'inner'] as const) {
      checkWhole(`${name} of the ${side}`, sizes[name], 1);
    }
    checkHeads(`heads of the ${side}`, sizes.heads, embed);
    if (!Number.isFinite(sizes.scale)) throw new Error(`scale of the ${side} must be finite, not ${sizes.scale}`);
  }
}
