/** The parts of parameter names, in the order in which fairseq's modules register them. */
const ORDER: ReadonlyMap<string, number> = new Map(
  [
    'encoder',
    'decoder',
    'version',
    'embed_tokens',
    'embed_positions',
    'layernorm_embedding',
    'layers',
    'layer_norm',
    'output_projection',
    'self_attn',
    'self_attn_layer_norm',
    'encoder_attn',
    'encoder_attn_layer_norm',
    'fc1',
    'fc2',
    'final_layer_norm',
    'k_proj',
    'v_proj',
    'q_proj',
    'out_proj',
    'weight',
    'bias',
  ].map((part, index) => [part, index]),
);

const rank = (part: string): number => (/^\d+$/.test(part) ? Number(part) : (ORDER.get(part) ?? ORDER.size));

/** Sorts names as in fairseq's state and its optimizer's indices. Unknown names come last, in their given order. */
export function inFairseqOrder(names: Iterable<string>): string[] {
  return [...names]
    .map((name) => ({ name, ranks: name.split('.').map(rank) }))
    .sort((a, b) => compare(a.ranks, b.ranks))
    .map(({ name }) => name);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}
