import { selfAttention } from '../host/attention.js';
import type { Address } from '../host/host-device.js';
import type { EncoderLayer } from './packed-weights.js';
import { bytesOf, type Model, RowPass } from './row-pass.js';
import { GrowingMemory, OwnedMemory } from './search-device.js';

/** Sentences without padding, one after the other. Sentence s has the rows [starts[s], starts[s + 1]). */
export interface SourceRows {
  readonly ids: Int32Array; // [rows]
  readonly positions: Int32Array; // [rows], rows of the position table
  readonly starts: Int32Array; // [sentences + 1]
}

/** The source of a batch, as all steps read it. */
export interface Source {
  /** [layers, rows, 2 · embed] = [k | v] for the decoder's layers, in the precision of the model. */
  readonly keyValue: Address;
  readonly starts: Address; // int32 [sentences + 1]
  readonly rows: number;
}

const NO_DROPOUT = { probability: 0, seed: 0, update: 0, microBatch: 0, site: 0 };

/** Bytes of the keys and values of one layer. */
export const sourceLayerBytes = ({ sizes, precision }: Model, rows: number): number =>
  rows * 2 * sizes.embed * bytesOf(precision);

/**
 * Encodes sentences and projects their keys and values for the decoder.
 * @param memory owns the result
 */
export function encode(model: Model, { ids, positions, starts }: SourceRows, memory: OwnedMemory): Source {
  const { device, weights, sizes } = model;
  const rows = ids.length;
  const source = {
    keyValue: memory.take(sizes.decoder.layers * sourceLayerBytes(model, rows)),
    starts: memory.take(starts.byteLength),
    rows,
  };
  device.driver.upload({ address: source.starts, values: starts });
  weights.encoder.positions.prepare(1 + positions.reduce((most, position) => Math.max(most, position), 0));
  const scratch = new OwnedMemory(device);
  try {
    const tokens = scratch.take(ids.byteLength + positions.byteLength);
    const places = tokens + ids.byteLength;
    device.driver.upload({ address: tokens, values: ids });
    device.driver.upload({ address: places, values: positions });
    const pass = new RowPass(model, weights.encoder, rows, 'whole', new GrowingMemory(scratch));
    pass.begin({ ids: tokens, positions: { each: places } });
    const attend = attention(pass, source, starts, scratch);
    pass.run(attend, null);
    projectSource(pass, source);
    return source;
  } finally {
    scratch.dispose();
  }
}

/** context = attention among the tokens of each sentence, in float32. */
function attention(
  pass: RowPass<EncoderLayer>,
  source: Source,
  starts: Int32Array,
  scratch: OwnedMemory,
): (layer: EncoderLayer) => void {
  const { device, sizes, precision } = pass.model;
  const { heads } = sizes.encoder;
  const { rows } = source;
  const keyPadding = scratch.take(4 * rows);
  device.driver.fill({ address: keyPadding, word: 0, count: rows });
  const logSumExp = scratch.take(4 * heads * rows);
  const sequences = starts.length - 1;
  const longestKey = starts.reduce((most, end, index) => Math.max(most, end - (starts[index - 1] ?? 0)), 0);
  const shape = { sequences, heads, headDim: sizes.embed / heads, longestKey, causal: false, ...NO_DROPOUT };
  return ({ self }) => {
    const { wide, context, projected } = pass.memory;
    const isRounded = precision !== 'float32';
    pass.multiply(self.queryKeyValue, pass.operand, wide);
    selfAttention(device, {
      ...{ queryKeyValue: wide, starts: source.starts, keyPadding, rows, ...shape },
      ...{ context: isRounded ? projected : context, logSumExp },
    });
    if (isRounded) pass.round(projected, context, rows * sizes.embed);
  };
}

/** Keeps [k | v] of the source for every layer of the decoder. */
function projectSource(pass: RowPass<EncoderLayer>, { keyValue, rows }: Source): void {
  const { model, memory } = pass;
  for (const [index, { source }] of model.weights.decoder.layers.entries()) {
    const target = keyValue + index * sourceLayerBytes(model, rows);
    if (model.precision === 'float32') {
      pass.multiply(source.keyValue, pass.operand, target);
    } else {
      pass.multiply(source.keyValue, pass.operand, memory.wide);
      pass.round(memory.wide, target, rows * source.keyValue.outputs);
    }
  }
}
