import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { runMain } from '../helpers/run-main.js';

afterEach(() => void vi.unstubAllEnvs());

/** The lines of `ts-fairseq devices` by the name of the device. */
async function linesOfDevices(): Promise<Map<string, string>> {
  const { code, stdout } = await runMain('devices');
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0]!, line]));
}

describe('ts-fairseq devices', () => {
  it('names every device, with its speed or with what it lacks', async () => {
    vi.stubEnv('TFJS_CUDA_DRIVER', '/nowhere/libcuda.so.1');
    const lines = await linesOfDevices();
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

  it('measures each of two GPUs', async () => {
    buildEmulation();
    vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated');
    vi.stubEnv('EMULATED_CUDA_DEVICES', '2');
    const lines = await linesOfDevices();
    expect([...lines.keys()]).toEqual(['cpu', 'cuda', 'cuda:1', 'tensorflow', 'webgpu', 'wasm']);
    for (const name of ['cuda', 'cuda:1']) {
      expect(lines.get(name)).toMatch(/^cuda\S* +GPU emulated on the processor, .+ GFLOP\/s in float32 products$/);
      const { launches } = (tf.findBackend(name) as unknown as CudaBackend).statistics;
      expect(launches).toBeGreaterThan(0);
    }
  });
});
