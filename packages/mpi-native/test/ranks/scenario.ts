import { createHash } from 'node:crypto';
import { type Slice, sliceOf, type World } from '../../src/index.js';

/** Numbers of very different sizes, other ones for each rank and seed, so that every order of addition has other bits. */
function vectorOf(length: number, rank: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = (rank * 0x9e3779b1 + seed * 0x85ebca77 + 1) >>> 0;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[index] = (state / 2 ** 32 - 0.5) * 2 ** (state >>> 28);
  }
  return values;
}

const digest = (values: Uint8Array | Float32Array | Float64Array): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex')
    .slice(0, 16);

/** What a rank sees of a collective. */
export interface Seen {
  readonly what: string;
  readonly digest: string;
}

/** Calls every collective with vectors of these lengths. @returns what this rank sees, without what is unspecified */
export async function playScenario(world: World, lengths: readonly number[]): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const length of lengths) {
    const own: Slice = sliceOf(length, world.rank, world.size);
    const see = (what: string, values: Uint8Array | Float32Array | Float64Array): void => {
      seen.push({ what: `${what} of ${length}`, digest: digest(values) });
    };
    world.describe(`length ${length}`);
    const values = vectorOf(length, world.rank, 1);
    await world.sumSlices(values);
    see('the sum', values.subarray(own.from, own.to));
    await world.gatherSlices(values);
    see('the gathered vector', values);

    const doubles = Float64Array.from(vectorOf(length, world.rank, 2));
    await world.gatherSlicesAtRoot(doubles);
    if (world.rank === 0) see('the gathered doubles', doubles);
    const floats = vectorOf(length, world.rank, 3);
    await world.gatherSlicesAtRoot(floats);
    if (world.rank === 0) see('the gathered floats', floats);

    const bytes = new Uint8Array(vectorOf(world.rank === 1 ? 0 : length + world.rank, world.rank, 4).buffer);
    for (const [rank, theirs] of (await world.allGather(bytes)).entries()) see(`the bytes of rank ${rank}`, theirs);
  }
  return seen;
}
