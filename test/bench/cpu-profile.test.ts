import { describe, expect, it } from 'vitest';
import { startCpuProfile, timeByPart } from '../../bench/harness/cpu-profile.js';

const frame = (functionName: string, url: string) => ({
  functionName,
  url,
  scriptId: '0',
  lineNumber: 0,
  columnNumber: 0,
});

describe('a CPU profile', () => {
  it('gives each part the time of its functions, by file or by name, and leaves out idle time', () => {
    const profile = {
      nodes: [
        { id: 1, callFrame: frame('(garbage collector)', '') },
        { id: 2, callFrame: frame('add', 'file:///core/tensors.js') },
        { id: 3, callFrame: frame('(idle)', '') },
        { id: 4, callFrame: frame('launch', '') },
      ],
      samples: [2, 1, 3, 2, 4],
      timeDeltas: [100, 2000, 9000, 300, 5],
      ...{ startTime: 0, endTime: 0 },
    };
    const parts = [
      { name: 'core', pattern: /core/ },
      { name: 'collection', pattern: /garbage/ },
      { name: 'nothing', pattern: /nowhere/ },
    ];
    expect([...timeByPart(profile, parts, 'rest')]).toEqual([
      ['core', 0.4],
      ['collection', 2],
      ['nothing', 0],
      ['rest', 0.005],
    ]);
  });

  it('of this process has the functions that ran', () => {
    const stop = startCpuProfile();
    const end = performance.now() + 50;
    while (performance.now() < end) JSON.stringify({ end });
    const shares = timeByPart(stop(), [{ name: 'test', pattern: /cpu-profile\.test/ }], 'rest');
    expect(shares.get('test')).toBeGreaterThan(1);
  });
});
