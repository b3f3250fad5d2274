import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { openModelFolder } from '../../src/model-folder/open-model-folder.js';
import { createPipeline } from '../../src/model-folder/pipeline.js';
import { writeIwslt14Files, writeIwslt17Files } from '../helpers/iwslt-archive.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenLines } from '../text/golden.js';
import { hasGoldenLibrary } from '../text/sentencepiece/engines.js';

// Programs that compile, pack and train take long on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));

/** A model that trains in seconds. */
const SMALL = '--encoder-layers 1 --decoder-layers 1 --encoder-attention-heads 2 --decoder-attention-heads 2 '
  .concat('--encoder-embed-dim 16 --decoder-embed-dim 16 --encoder-ffn-embed-dim 16 --decoder-ffn-embed-dim 16 ')
  .concat(
    '--max-epoch 10 --max-update 1000 --warmup-updates 1 --update-freq 1 --eval-bleu-args {"beam":1,"max_len_b":5}',
  )
  .split(' ');

/** Writes the files of Multi30k, made from the messages of IWSLT 2014's stand-in. */
function writeMulti30kFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const language of ['de', 'en']) {
    const lines = goldenLines(`moses/test.${language}`);
    for (const [name, first, end] of [
      ['train', 0, 50],
      ['val', 50, 53],
      ['test_2016_flickr', 53, 56],
    ] as const) {
      const text = `${lines.slice(first, end).join('\n')}\n`;
      writeFileSync(join(folder, `${name}.${language}.gz`), gzipSync(text));
    }
  }
}

interface Recipe {
  readonly train: string;
  readonly prepare: readonly string[];
  writeFiles(folder: string): void;
  /** Files in the folder `text` of the data: raw sentences, and the tokens that the model is trained on. */
  readonly raw: string;
  readonly tokens: string;
  readonly dataLicense: string;
  readonly runs?: boolean;
}

const TED = 'CC BY-NC-ND 4.0';
const RECIPES: readonly Recipe[] = [
  {
    train: 'train-iwslt-de-en',
    prepare: ['prepare-iwslt14'],
    writeFiles: writeIwslt14Files,
    raw: 'raw.TED.dev2010.de',
    tokens: 'bpe.test.de',
    dataLicense: TED,
  },
  {
    train: 'train-iwslt-fr-en',
    prepare: ['prepare-iwslt17-fr-en', '--pieces', '300'],
    writeFiles: writeIwslt17Files,
    raw: 'raw.tst2015.fr',
    tokens: 'spm.test.fr',
    dataLicense: TED,
    runs: hasGoldenLibrary,
  },
  ...['lower', 'keep'].map((letters) => ({
    train: 'train-multi30k',
    prepare: ['prepare-multi30k', '--case', letters],
    writeFiles: writeMulti30kFiles,
    raw: 'raw.test_2016_flickr.de',
    tokens: 'bpe.test_2016_flickr.de',
    dataLicense: 'its publishers do not state one',
  })),
];

/** @throws Error with what the script prints on stderr if it fails */
function run(name: string, ...args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('bash', [join(scripts, `${name}.sh`), ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return { stdout, stderr };
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

describe.each(RECIPES.filter(({ runs = true }) => runs))('$train after $prepare', (recipe) => {
  const folder = temporaryFolder();
  const [data, save] = [join(folder, 'data'), join(folder, 'save')];
  const model = join(save, 'model');

  test('ends with a model folder whose steps make of raw text the tokens that the model was trained on', async () => {
    recipe.writeFiles(join(folder, 'files'));
    const [prepare, ...options] = recipe.prepare;
    run(prepare!, '--from', join(folder, 'files'), '--to', data, ...options);
    const { stderr } = run(recipe.train, data, save, ...SMALL);
    expect(stderr).toContain(`translate with: ts-fairseq translate ${model} 'TEXT'`);
    const { manifest } = openModelFolder(model);
    expect(manifest).toMatchObject({ dataLicense: recipe.dataLicense, search: { beam: 5 } });
    expect(manifest.provenance).toMatchObject({ data: expect.stringMatching(/^(IWSLT|Multi30k)/u) });
    const { encode } = await createPipeline(manifest, model);
    const raw = linesOf(join(data, 'text', recipe.raw));
    expect(raw.map((line) => encode(line))).toEqual(linesOf(join(data, 'text', recipe.tokens)).slice(0, raw.length));
  });

  test('says why it ends without one if the data does not say how it was prepared', () => {
    rmSync(model, { recursive: true });
    rmSync(join(data, 'text/model.yaml'));
    expect(run(recipe.train, data, save, ...SMALL).stderr).toMatch(
      /no model folder is written: \S+model\.yaml does not say how the data was prepared\. Prepare it again, or run ts-fairseq export\n$/u,
    );
    expect(existsSync(model)).toBe(false);
  });
});
