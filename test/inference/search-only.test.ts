import { join } from 'node:path';
import { isAvailable } from 'tfjs-backend-onednn';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type LineTranslation,
  loadTranslatorEngine,
  type TranslatorEngine,
} from '../../src/inference/translator-engine.js';
import type { TranslatorOptions } from '../../src/inference/translator-options.js';
import * as tf from '../../src/tf/index.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  saveReferenceCheckpoint(at('trained'), 'trained');
  saveReferenceCheckpoint(at('gelu'), 'trained', { options: { activationFn: 'gelu' } }); // searches by operations
});

const task = referenceTask();
const split = task.loadSplit('test');
const lines = Array.from({ length: 6 }, (_, id) => task.sourceDictionary.string(split.pair(id).source));

const loaded: TranslatorEngine[] = [];
afterEach(async () => {
  for (const engine of loaded.splice(0)) await engine.dispose();
});

async function load(options: TranslatorOptions, forSearch: boolean): Promise<TranslatorEngine> {
  const settings = { data: goldenData, threads: 1, batchSize: 2, beam: 2 };
  const engine = await loadTranslatorEngine({ ...settings, ...options }, forSearch);
  loaded.push(engine);
  return engine;
}

const metrics = (translations: readonly LineTranslation[]) =>
  translations.map(({ text, score, tokenScores }) => ({ text, score, tokenScores }));

// In this order, because a backend that is open stays open in the process.
describe.runIf(isAvailable().available)('engines that only search', () => {
  it('translate in native code without opening the backend', async () => {
    const engine = await load({ path: at('trained'), device: 'cpu' }, true);
    await engine.translate(lines);
    expect(tf.isReady()).toBe(false);
  });

  it.each([
    ['in native code', 'trained'],
    ['by operations', 'gelu'],
  ])('compute as others do, beside others on another device, %s', async (_, name) => {
    const [cpu, wasm] = [
      { path: at(name), device: 'cpu' },
      { path: at('trained'), device: 'wasm' },
    ];
    const first = await load(cpu, true);
    const second = await load(wasm, true);
    const third = await load(cpu, true);
    const alone = [];
    for (const engine of [first, second, third]) alone.push(metrics(await engine.translate(lines)));
    const together = await Promise.all([first, second, third].map((engine) => engine.translate(lines)));
    expect(together.map(metrics)).toEqual(alone);
    const complete = await load(cpu, false);
    expect(metrics(await complete.translate(lines))).toEqual(alone[0]);
  });
});
