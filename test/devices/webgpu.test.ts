import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { whyNoAdapter } from '../../src/devices/vulkan.js';
import { start } from '../../src/devices/webgpu.js';
import { dropoutMaskTensor } from '../../src/ops/dropout.js';
import { dropoutMask } from '../../src/ops/philox.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const run = promisify(execFile);
const folder = temporaryFolder();
const helper = (name: string): string => fileURLToPath(new URL(`../helpers/${name}`, import.meta.url));
const script = helper('ts-fairseq.ts');
const probe = helper('start-webgpu.ts');

/** Imports the given packages; all others are not installed. */
const installed = (packages: Record<string, unknown>) => (name: string) =>
  name in packages ? Promise.resolve(packages[name]) : Promise.reject(new Error(`Cannot find package '${name}'`));

const TFJS = '@tensorflow/tfjs-backend-webgpu';
const dawn = (requestAdapter: () => Promise<unknown>) => ({ create: () => ({ requestAdapter }), globals: {} });

describe('--device webgpu says what is missing', () => {
  it.each([
    ['the backend', {}, TFJS],
    ['Dawn', { [TFJS]: {} }, 'webgpu'],
  ])('%s, and how to install it', async (_, packages, missing) => {
    await expect(start(installed(packages))).rejects.toThrow(
      `--device webgpu: ${missing} cannot be loaded (Cannot find package '${missing}'); ` +
        `npm install ${TFJS}@4.22.0 webgpu, or use --device cpu`,
    );
  });

  it('an adapter, and how to get one', async () => {
    const packages = { [TFJS]: {}, webgpu: dawn(async () => null) };
    await expect(start(installed(packages))).rejects.toThrow(/^--device webgpu: .*; install libvulkan1 and the Vulkan/);
  });

  it('a device, if the adapter refuses one', async () => {
    const requestDevice = async () => Promise.reject(new Error('out of memory\nat Dawn'));
    const packages = { [TFJS]: {}, webgpu: dawn(async () => ({ limits: {}, requestDevice })) };
    await expect(start(installed(packages))).rejects.toThrow('the adapter provides no device (out of memory); install');
  });

  it.each([
    ['darwin', {}, true, 'there is no GPU that Dawn can use'],
    ['linux', {}, false, 'libvulkan.so.1 is not installed'],
    ['linux', { VK_DRIVER_FILES: '/no/such/driver.json' }, true, 'no Vulkan driver is installed'],
    ['linux', { VK_ICD_FILENAMES: script }, true, `no GPU that Dawn can use under the Vulkan drivers ${script}`],
  ] as const)('of Vulkan on %s with %o, loader %s: %s', (platform, env, loader, reason) => {
    expect(whyNoAdapter({ platform, env, hasLoader: () => loader })).toBe(reason);
  });
});

/** Why webgpu cannot compute here; null if it can. */
async function reasonToSkip(): Promise<string | null> {
  try {
    await run('node', ['--import', 'jiti/register', probe], { timeout: 60_000 });
    return null;
  } catch (error) {
    return (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(error);
  }
}

const reason = await reasonToSkip();
if (reason !== null) console.warn(`webgpu is not tested on a GPU: ${reason}`);

describe.skipIf(reason !== null)(`--device webgpu on a GPU${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  const small = ['--arch', 'transformer_tiny', '--encoder-layers', '1', '--decoder-layers', '1', '--max-tokens', '64'];
  let data: string;
  beforeAll(async () => {
    data = await makeToyData(folder);
  });

  /** Runs a command in a process of its own, which must exit with code 0. @returns stdout and stderr */
  const command = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr } = await run('node', ['--import', 'jiti/register', script, ...argv]);
    return stdout + stderr;
  };

  const train = (device: string): string[] => [
    ...['train', data, ...small, '--dropout', '0.3', '--max-update', '3', '--log-interval', '1', '--seed', '1'],
    ...['--lr', '0.001'],
    ...['--disable-validation', '--save-dir', join(folder, device), '--device', device],
  ];

  it('makes the dropout masks of the other devices, reads them only asynchronously, and ends a run on GPU errors', async () => {
    await openDevice('webgpu', { threads: null });
    const spec = { seed: 4_000_000_000, update: 7, microBatch: 3, site: 9, probability: 0.3 };
    const mask = dropoutMaskTensor(spec, [5, 3, 70]);
    expect(() => mask.dataSync()).toThrow(
      'cannot be read synchronously; use await tensor.data() instead of tensor.dataSync()',
    );
    expect(await mask.data()).toEqual(dropoutMask(spec, 15, 70));
    const tooLarge = tf.sum(tf.matMul(tf.ones([300_000, 1]), tf.ones([1, 300_000])));
    await expect(tooLarge.data()).rejects.toThrow(/^--device webgpu: .*; lower --max-tokens/);
  });

  it('trains with the losses of another device, then finds the hypotheses of another device', async () => {
    const lossesOf = (text: string): number[] => [...text.matchAll(/ loss=([\d.]+)/g)].map(([, loss]) => Number(loss));
    const expectedLosses = lossesOf(await command(...train('wasm')));
    const onGpu = lossesOf(await command(...train('webgpu')));
    expect(onGpu).toHaveLength(3);
    expectedLosses.forEach((loss, update) => void expect(Math.abs(onGpu[update]! - loss)).toBeLessThan(0.0015));

    const hypothesesOf = (text: string): string[] =>
      [...text.matchAll(/^H-(\d+)\t[^\t]+\t(.*)$/gm)].map(([, id, line]) => `${id} ${line}`);
    const path = join(folder, 'wasm', 'checkpoint_last');
    const search = ['generate', data, '--path', path, '--gen-subset', 'valid', '--beam', '2', '--max-len-b', '4'];
    const expected = hypothesesOf(await command(...search, '--device', 'wasm'));
    expect(expected).toHaveLength(8);
    expect(hypothesesOf(await command(...search, '--device', 'webgpu'))).toEqual(expected);
  }, 600_000);
});
