import { describe, expect, it } from 'vitest';
import { type Parameter, ParameterStore } from '../../src/optim/parameter-store.js';

/** Parameters a, b and the stack [c | d]. The source fills each block with 1, 2, 3 … and records what it read. */
function storeWithSource() {
  const store = new ParameterStore();
  const zero = (): void => {};
  const a = store.parameter('a', [3], zero);
  const b = store.parameter('b', [2, 4], zero);
  const stack = store.stacked(['c', 'd'].map((name) => ({ name, shape: [2], initialize: zero })));
  store.build(null);
  const read: string[] = [];
  store.loadWhenNeeded((wanted) => {
    for (const { block, target } of wanted) {
      read.push(nameOf(block));
      target.forEach((_, index) => {
        target[index] = index + 1;
      });
    }
  });
  return { store, blocks: { a, b, stack }, read };
}

const nameOf = ({ parts }: Parameter): string => parts.map(({ name }) => name).join(' | ');

describe('weights that are read on demand', () => {
  it('are read once, and only the requested ones', () => {
    const { store, blocks, read } = storeWithSource();
    expect(read).toEqual([]);
    store.load([blocks.a]);
    store.load([blocks.a, blocks.stack]);
    expect(read).toEqual(['a', 'c | d']);
    expect([...store.view(store.values, blocks.stack)]).toEqual([1, 2, 3, 4]);
    expect(read).toEqual(['a', 'c | d', 'b']);
  });

  it('are all read at the first use of a tensor', () => {
    const { blocks, read } = storeWithSource();
    expect([...blocks.a.tensor.dataSync()]).toEqual([1, 2, 3]);
    expect(read).toEqual(['a', 'b', 'c | d']);
  });

  it('can be read temporarily one after another', () => {
    const { store, blocks, read } = storeWithSource();
    const first = store.peek(blocks.b);
    expect([...first]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(store.peek(blocks.a).buffer).toBe(first.buffer);
    store.peek(blocks.b);
    expect(read).toEqual(['b', 'a', 'b']);
  });

  it('are used in place if they are in memory', () => {
    const { store, blocks, read } = storeWithSource();
    store.load([blocks.b]);
    expect(store.peek(blocks.b).buffer).toBe(store.values.buffer);
    expect(read.filter((name) => name === 'b')).toHaveLength(1);
  });

  it('release their memory and are read again', () => {
    const { store, blocks, read } = storeWithSource();
    store.load([blocks.a]);
    const released: number[] = [];
    store.discard([blocks.a, blocks.b], (values) => released.push(values.length));
    expect(released).toEqual([3]);
    expect([...blocks.a.tensor.dataSync()]).toEqual([1, 2, 3]);
    expect(read).toEqual(['a', 'b', 'c | d', 'a']);
  });
});
