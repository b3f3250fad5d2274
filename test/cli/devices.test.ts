import { afterEach, describe, expect, it, vi } from 'vitest';
import { runMain } from '../helpers/run-main.js';

afterEach(() => void vi.unstubAllEnvs());

describe('ts-fairseq devices', () => {
  it('names every device, with its speed or with what it lacks', async () => {
    vi.stubEnv('TFJS_CUDA_DRIVER', '/nowhere/libcuda.so.1');
    const { code, stdout } = await runMain('devices');
    expect(code).toBe(0);
    const lines = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.split(' ')[0], line]),
    );
    expect([...lines.keys()]).toEqual(['cpu', 'cuda', 'tensorflow', 'webgpu', 'wasm']);
    expect(lines.get('cpu')).toMatch(
      /^cpu {9}oneDNN [\d.]+, threads \d+, isa .+: [\d.]+ [GT]FLOP\/s in float32 products$/,
    );
    expect(lines.get('wasm')).toMatch(/: [\d.]+ [GT]FLOP\/s in float32 products$/);
    expect(lines.get('cuda')).toMatch(
      /^cuda {8}not usable: the NVIDIA driver is missing \(\/nowhere\/libcuda\.so\.1\); install it .+ nvidia-smi$/,
    );
    expect(lines.get('tensorflow')).toContain('; bash scripts/install-tensorflow.sh');
  });
});
