import { describe, expect, it } from 'vitest';
import { outOfMemory } from '../../src/devices/out-of-memory.js';

const named = (name: string): Error => Object.assign(new Error('no memory'), { name });
const coded = (code: string): Error => Object.assign(new Error('no memory'), { code });

describe('running out of the memory of a GPU', () => {
  it.each([
    ['of the pool of tensors', named('OutOfDeviceMemory')],
    ["of the driver's own buffers", coded('CUDA_ERROR_OUT_OF_MEMORY')],
  ])('%s names half of --max-tokens', (_, error) => {
    expect(outOfMemory(error, 4096)!.message).toBe(
      'no memory; lower --max-tokens, e.g. to 2048; --update-freq 2 keeps the size of an update',
    );
    expect(outOfMemory(error)!.message).toBe('no memory; lower --max-tokens or --batch-size');
  });

  it.each([[coded('CUDA_ERROR_ILLEGAL_ADDRESS')], [named('TypeError')], ['no memory']])('is not %s', (error) => {
    expect(outOfMemory(error)).toBeNull();
  });
});
