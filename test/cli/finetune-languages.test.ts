import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const TINY = [
  ...['--encoder-embed-dim', '8', '--encoder-ffn-embed-dim', '8', '--encoder-layers', '1', '--decoder-layers', '1'],
  ...['--encoder-attention-heads', '2', '--decoder-attention-heads', '2', '--max-tokens', '40', '--lr', '0.01'],
];
const folder = temporaryFolder();
const path = (name: string): string => join(folder, name);
const saved = path('de-en-model/checkpoint_last');

const preprocess = (source: string, destdir: string, ...dictionaries: string[]): Promise<Outcome> =>
  runCommandLine([
    ...['preprocess', '-s', source, '-t', 'en', '--trainpref', path('text'), '--validpref', path('text')],
    ...['--destdir', path(destdir), ...dictionaries],
  ]);
const train = (data: string, saveDir: string, ...argv: string[]): Promise<Outcome> =>
  runCommandLine(['train', path(data), ...TINY, '--max-epoch', '1', '--save-dir', path(saveDir), ...argv]);

beforeAll(async () => {
  for (const language of ['de', 'fr']) writeFileSync(path(`text.${language}`), `${language} a b\nb c\n`);
  writeFileSync(path('text.en'), 'x y\ny z\n');
  await preprocess('de', 'de-en');
  const dictionaries = ['--srcdict', path('de-en/dict.de.txt'), '--tgtdict', path('de-en/dict.en.txt')];
  await preprocess('fr', 'fr-en', ...dictionaries);
  await preprocess('fr', 'fr-en-of-its-own');
  expect(await train('de-en', 'de-en-model')).toMatchObject({ code: 0 });
});

describe('--finetune-from-model on other languages', () => {
  it('takes the weights where the dictionaries are the same, with a warning', async () => {
    const { code, stderr } = await train('fr-en', 'tuned', '--finetune-from-model', saved);
    expect(stderr).toMatch(/WARNING.*was trained for de-en; this run starts fr-en from its weights/);
    expect(code, stderr).toBe(0);
  });

  it('takes those of a fairseq checkpoint too, which says nothing of its dictionaries', async () => {
    await runCommandLine(['convert', saved, path('model.pt')]);
    const { code, stderr } = await train('fr-en', 'tuned-pt', '--finetune-from-model', path('model.pt'));
    expect(code, stderr).toBe(0);
  });

  it('is refused if the dictionaries differ, and training does not resume in other languages', async () => {
    const other = await train('fr-en-of-its-own', 'refused', '--finetune-from-model', saved);
    expect(other.stderr).toMatch(/was trained with another dictionary of 'fr'/);
    expect(other.code).toBe(2);
    expect(await train('fr-en', 'refused', '--restore-file', saved)).toMatchObject({ code: 2 });
  });
});
