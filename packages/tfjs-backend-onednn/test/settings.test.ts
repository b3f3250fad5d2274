import {
  configure,
  describe as describeBackend,
  packTransformer,
  setThreads,
  settingsOf,
  supportsBfloat16,
  useSettings,
} from 'tfjs-backend-onednn/search';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addon } from '../src/addon.js';
import { availableThreads } from '../src/available-threads.js';
import { currentSettings } from '../src/settings.js';

afterEach(() => {
  vi.restoreAllMocks();
  configure({});
});

describe('settings', () => {
  it('default to the available threads and float32', () => {
    expect(describeBackend().threads).toBe(availableThreads());
    expect(settingsOf({})).toEqual({ threads: availableThreads(), bfloat16: false });
    setThreads(3);
    expect(settingsOf({})).toEqual({ threads: availableThreads(), bfloat16: false });
    configure({});
    expect(describeBackend().threads).toBe(availableThreads());
  });

  it('become those of the add-on when they are used', () => {
    const three = settingsOf({ threads: 3 });
    expect(describeBackend().threads).not.toBe(3);
    useSettings(three);
    expect(describeBackend().threads).toBe(3);
    configure({ threads: 2 });
    useSettings(three);
    expect(describeBackend().threads).toBe(3);
  });

  it('cost no native call if they are already in use', () => {
    configure({ threads: 4 });
    const [setNativeThreads, setBfloat16] = [vi.spyOn(addon(), 'setThreads'), vi.spyOn(addon(), 'setBfloat16')];
    const [two, three] = [settingsOf({ threads: 2 }), settingsOf({ threads: 3 })];
    for (const settings of [two, two, { ...two }, three, three, two]) useSettings(settings);
    expect(setNativeThreads.mock.calls).toEqual([[2], [3], [2]]);
    expect(setBfloat16).not.toHaveBeenCalled();
  });

  it.runIf(supportsBfloat16())('keep the precision where only the threads change', () => {
    configure({ threads: 2, bfloat16: true });
    setThreads(3);
    expect(currentSettings()).toEqual({ threads: 3, bfloat16: true });
  });

  it.runIf(!supportsBfloat16())('refuse bfloat16 on a processor without it', () => {
    expect(() => settingsOf({ bfloat16: true })).toThrow('this processor has no bfloat16 products');
  });
});

describe('a packed model', () => {
  const stack = {
    ...{ vocab: 4, positions: 8, layers: 1, heads: 1, inner: 2, scale: 1 },
    ...{ normalizeBefore: false, normalizeEmbedding: false, finalNorm: false },
  };
  const lengths = [
    ...[8, 16, 12, 6, 4, 2, 2, 2, 4, 2, 4, 2, 2, 2],
    ...[8, 16, 12, 6, 4, 2, 2, 2, 4, 2, 8, 4, 4, 2, 2, 2, 4, 2, 4, 2, 2, 2, 8],
  ];
  const pack = (threads: number) => {
    const weights = lengths.map((length) => () => new Float32Array(length).fill(0.1));
    return packTransformer({ embed: 2, encoder: stack, decoder: stack }, weights, 'float32', settingsOf({ threads }));
  };
  const source = { ids: Int32Array.of(1), positions: Int32Array.of(1), starts: Int32Array.of(0, 1) };

  it('computes with its own threads, regardless of the current settings', () => {
    const calls: number[] = [];
    for (const name of ['openDecoding', 'decodingStep', 'decodingTop'] as const) {
      const native = addon()[name] as (args: unknown) => unknown;
      vi.spyOn(addon(), name).mockImplementation((args: unknown) => {
        calls.push(describeBackend().threads);
        return native(args) as never;
      });
    }
    const [two, three] = [pack(2), pack(3)];
    setThreads(1);
    const decodings = [two, three].map((model) => model.startDecoding(source, 1));
    for (const decoding of decodings) decoding.step(Int32Array.of(2), 1, null);
    for (const decoding of decodings) decoding.top(1, 1, null);
    expect(calls).toEqual([2, 3, 2, 3, 2, 3]);
    for (const model of [two, three]) model.dispose();
  });
});
