import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe as describeBackend, isAvailable, supportsBfloat16 } from 'tfjs-backend-onednn';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { addon } from '../../packages/tfjs-backend-onednn/src/addon.js';
import { UserError } from '../../src/errors.js';
import { type LineTranslation, Translator, type TranslatorOptions } from '../../src/index.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const data = join(folder, 'dictionaries');
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  mkdirSync(data);
  for (const language of ['de', 'en'])
    cpSync(join(goldenData, `dict.${language}.txt`), join(data, `dict.${language}.txt`));
  saveReferenceCheckpoint(at('trained'), 'trained');
  saveReferenceCheckpoint(at('update20'), 'update20');
  saveReferenceCheckpoint(at('gelu'), 'trained', { options: { activationFn: 'gelu' } });
});

const task = referenceTask();
const split = task.loadSplit('test');
const lines = Array.from({ length: 6 }, (_, id) => task.sourceDictionary.string(split.pair(id).source));

const loaded: Translator[] = [];
async function load(options: Partial<TranslatorOptions>): Promise<Translator> {
  // Several batches, so that translations can interleave.
  const translator = await Translator.load({
    path: at('trained'),
    data,
    threads: 1,
    batchSize: 2,
    inline: true,
    ...options,
  });
  loaded.push(translator);
  return translator;
}
function disposeLoaded(): void {
  for (const translator of loaded.splice(0)) translator.dispose();
}
afterEach(() => {
  vi.restoreAllMocks();
  disposeLoaded();
});

/** Everything that depends on the precision, bit for bit. */
const metrics = (translations: readonly LineTranslation[]) =>
  translations.map(({ text, score, tokenScores }) => ({ text, score, tokenScores }));

const PRECISIONS = ['float32', 'int8', ...(supportsBfloat16() ? (['bfloat16'] as const) : [])] as const;

/** All permutations of some items. */
const ordersOf = <T>(things: readonly T[]): T[][] =>
  things.length === 0
    ? [[]]
    : things.flatMap((first) => ordersOf(things.filter((thing) => thing !== first)).map((rest) => [first, ...rest]));

const available = isAvailable().available;

describe.runIf(available).each<{ title: string; options: () => Partial<TranslatorOptions> }>([
  { title: 'in native code', options: () => ({ beam: 3 }) },
  { title: 'an ensemble', options: () => ({ path: [at('trained'), at('update20')], beam: 1 }) },
  { title: 'by operations', options: () => ({ path: at('gelu'), beam: 2 }) },
])('Translators side by side, $title', ({ title, options }) => {
  /** The results of each precision without any other Translator in between. */
  const alone = new Map<string, ReturnType<typeof metrics>>();
  beforeAll(async () => {
    for (const precision of PRECISIONS) {
      const translator = await load({ ...options(), precision });
      alone.set(precision, metrics(await translator.translate(lines)));
      disposeLoaded();
    }
  });

  it('give different results in different precisions', () => {
    const distinct = new Set([...alone.values()].map((found) => JSON.stringify(found)));
    expect(distinct.size).toBe(title === 'by operations' ? PRECISIONS.length - 1 : PRECISIONS.length); // no int8 there
  });

  it.each(ordersOf<(typeof PRECISIONS)[number]>(PRECISIONS).map((order) => ({ order })))(
    'compute in their own precision: $order',
    async ({ order }) => {
      const translators = new Map<string, Translator>();
      for (const precision of order) translators.set(precision, await load({ ...options(), precision }));
      const translate = async (precision: string) => {
        const found = metrics(await translators.get(precision)!.translate(lines));
        expect(found, precision).toEqual(alone.get(precision));
      };
      const translateRoughly = async (precision: string) => {
        const found = metrics(await translators.get(precision)!.translate(lines));
        expect(found.map(({ text }) => text)).toEqual(alone.get(precision)!.map(({ text }) => text));
        for (const [row, { score }] of alone.get(precision)!.entries()) expect(found[row]!.score).toBeCloseTo(score, 3);
      };
      for (const precision of order) await translate(precision); // one after another
      await Promise.all(order.map(translate)); // interleaved
      await Promise.all([...order, ...order].map(translateRoughly)); // two calls share batches
    },
  );

  it('compute in their own precision while others are loaded', async () => {
    const first = await load({ ...options(), precision: 'int8' });
    const [found, ...others] = await Promise.all([
      first.translate(lines),
      ...PRECISIONS.map(async (precision) => {
        const other = await load({ ...options(), precision });
        return [precision, metrics(await other.translate(lines))] as const;
      }),
    ]);
    expect(metrics(found)).toEqual(alone.get('int8'));
    for (const [precision, foundByOther] of others) expect(foundByOther, precision).toEqual(alone.get(precision));
  });
});

describe.runIf(available)('the threads of Translators side by side', () => {
  it.each(['decodingStep', 'linear'] as const)('are their own, in %s', async (name) => {
    const path = at(name === 'linear' ? 'gelu' : 'trained');
    const [one, two] = [await load({ path, threads: 1 }), await load({ path, threads: 2 })];
    /** The numbers of threads per model, identified by its decodings or the memory of its weights. */
    const seen = new Map<unknown, Set<number>>();
    const native = addon()[name] as (args: unknown) => unknown;
    vi.spyOn(addon(), name).mockImplementation((args: { weight?: Float32Array; decoding?: number }) => {
      const model = args.weight?.buffer ?? args.decoding;
      const threads = seen.get(model) ?? new Set();
      seen.set(model, threads.add(describeBackend().threads));
      return native(args) as never;
    });
    await Promise.all([one, two, one].map((translator) => translator.translate(lines)));
    const threads = [...seen.values()].map((set) => [...set]);
    expect(threads.every((ofModel) => ofModel.length === 1)).toBe(true);
    expect(new Set(threads.flat())).toEqual(new Set([1, 2]));
  });

  it.each([0, 1025, 1e9, 1.5])('are refused if they are %d', async (threads) => {
    const refused = load({ threads });
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(
      /Translator.load threads: .*(the maximum is 1024|the minimum is 1|whole number)/,
    );
  });
});

describe.runIf(available)('a Translator on another device', () => {
  it.each(['trained', 'gelu'])('does not change one on cpu, and vice versa: %s', async (name) => {
    const options = { path: at(name), beam: 2 };
    const alone = [];
    for (const device of ['cpu', 'wasm']) {
      alone.push(metrics(await (await load({ ...options, device })).translate(lines)));
      disposeLoaded();
    }
    const [cpu, wasm] = [await load({ ...options, device: 'cpu' }), await load({ ...options, device: 'wasm' })];
    const found = await Promise.all([cpu, wasm].map((translator) => translator.translate(lines)));
    expect(found.map(metrics)).toEqual(alone);
    expect(metrics(await cpu.translate(lines))).toEqual(alone[0]);
  });
});
