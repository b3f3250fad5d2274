import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const options = { maxEpoch: 4, keepBestCheckpoints: 2, patience: 9, saveIntervalUpdates: 3 };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Trains in a separate process and kills it with SIGKILL after N reported updates, so that it cannot save. */
async function trainAndKill(saveDir: string, steps: number): Promise<void> {
  const script = fileURLToPath(new URL('train-until-killed.ts', import.meta.url));
  const child = spawn('node', ['--import', 'jiti/register', script, data, JSON.stringify({ ...options, saveDir })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = 0;
  child.stdout.on('data', (dots: Buffer) => {
    seen += dots.length;
    if (seen >= steps) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'exit');
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
}

it('a run that is killed with SIGKILL and resumed twice writes the same bytes as an uninterrupted one', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  await train(toyRequest(data, { ...options, saveDir: whole }));
  await trainAndKill(killed, 7);
  expect(loadMetadata(join(killed, 'checkpoint_last')).training!.updates).toBeGreaterThan(0);
  await trainAndKill(killed, 12);
  await train(toyRequest(data, { ...options, saveDir: killed }));
  const names = listCheckpoints(whole);
  expect(listCheckpoints(killed)).toEqual(names);
  expect(names.filter((name) => !bytesOf(killed, name).equals(bytesOf(whole, name)))).toEqual([]);
});
