import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { writeIwslt17Files } from '../helpers/iwslt-archive.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenLines, goldenPath } from '../text/golden.js';
import { hasGoldenLibrary } from '../text/sentencepiece/engines.js';

const script = fileURLToPath(new URL('../../scripts/prepare-iwslt17-fr-en.sh', import.meta.url));

const directory = temporaryFolder();
const at = (name: string): string => join(directory, name);
const prepare = (...args: string[]): { status: number | null; stderr: string } =>
  spawnSync('bash', [script, ...args], { encoding: 'utf8' });

beforeAll(() => {
  writeIwslt17Files(at('files/fr-en'));
  execFileSync('tar', ['-czf', at('fr-en.tgz'), '-C', at('files'), 'fr-en']);
});

describe('prepare-iwslt17-fr-en.sh', () => {
  test.runIf(hasGoldenLibrary).each([
    { title: 'an archive', from: 'fr-en.tgz' },
    { title: 'a folder, over an earlier run', from: 'files' },
  ])(
    'makes of $title what Moses, SentencePiece and fairseq’s bounds make',
    ({ from }) => {
      const { status, stderr } = prepare('--from', at(from), '--to', at('out'), '--pieces', '300');
      expect(stderr).toContain('wrote');
      expect(status).toBe(0);
      const equal = (ours: string, golden: string): void =>
        expect(readFileSync(at(`out/text/${ours}`), 'utf8')).toBe(
          readFileSync(goldenPath(`iwslt17/${golden}`), 'utf8'),
        );
      equal('spm.vocab', 'spm.vocab');
      for (const split of ['train', 'valid', 'test']) {
        for (const language of ['fr', 'en']) {
          const name = `${split}.${language}`;
          equal(`spm.${name}`, name);
          const data = openIndexedDataset(at(`out/${split}.fr-en.${language}`));
          expect([...data.sizes]).toEqual(goldenLines(`iwslt17/${name}`).map((line) => line.split(' ').length + 1));
        }
      }
      expect(readFileSync(at('out/dict.fr.txt'), 'utf8')).toBe(readFileSync(at('out/dict.en.txt'), 'utf8'));
      expect(readdirSync(at('out/text')).filter((name) => name.includes('.part'))).toEqual([]);
    },
    300_000,
  );

  test.each([
    { title: 'a path that is not there', args: ['--from', 'DIR/none'], message: 'none is neither a file nor a folder' },
    {
      title: 'a set that is not there',
      args: ['--from', 'DIR/files', '--test', 'tst2017'],
      message: 'IWSLT17.TED.tst2017.fr-en.fr.xml is missing in',
    },
    { title: 'no sets', args: ['--from', 'DIR/files', '--valid', ''], message: '--valid names no sets' },
    {
      title: 'a size that is none',
      args: ['--from', 'DIR/files', '--pieces', '16k'],
      message: "--pieces '16k' is not",
    },
    { title: 'an unknown option', args: ['--form', 'x'], message: "unknown option '--form'; usage:" },
  ])('refuses $title in one line', ({ args, message }) => {
    const expanded = args.map((arg) => arg.replace('DIR', directory));
    const { status, stderr } = prepare(...expanded, ...(args[0] === '--from' ? ['--to', at('bad')] : []));
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(message);
    expect(existsSync(at('bad/dict.fr.txt'))).toBe(false);
  });
});
