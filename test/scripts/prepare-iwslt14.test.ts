import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { writeIwslt14Files } from '../helpers/iwslt-archive.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

const script = fileURLToPath(new URL('../../scripts/prepare-iwslt14.sh', import.meta.url));

const directory = temporaryFolder();
const at = (name: string): string => join(directory, name);
const prepare = (...args: string[]): { status: number | null; stderr: string } =>
  spawnSync('bash', [script, ...args], { encoding: 'utf8' });

beforeAll(() => {
  writeIwslt14Files(at('files/de-en'));
  execFileSync('tar', ['-czf', at('de-en.tgz'), '-C', at('files'), 'de-en']);
});

describe('prepare-iwslt14.sh', () => {
  // Golden: Moses' scripts and subword-nmt in the order of fairseq's recipe, on the same files.
  test.each([
    { title: 'an archive', from: 'de-en.tgz' },
    { title: 'a folder, over an earlier run', from: 'files' },
  ])(
    'makes of $title what the Perl and Python tools make',
    ({ from }) => {
      const { status, stderr } = prepare('--from', at(from), '--to', at('out'));
      expect(stderr).toContain('wrote');
      expect(status).toBe(0);
      const equal = (ours: string, golden: string): void =>
        expect(readFileSync(at(`out/text/${ours}`), 'utf8')).toBe(
          readFileSync(goldenPath(`iwslt14/${golden}`), 'utf8'),
        );
      equal('codes', 'codes');
      for (const split of ['train', 'valid', 'test']) {
        for (const language of ['de', 'en']) {
          const name = `${split}.${language}`;
          equal(`bpe.${name}`, name);
          const data = openIndexedDataset(at(`out/${split}.de-en.${language}`));
          const lines = readFileSync(goldenPath(`iwslt14/${name}`), 'utf8')
            .trimEnd()
            .split('\n');
          expect(data.sizes.length).toBe(lines.length);
          expect([...data.sizes]).toEqual(lines.map((line) => line.split(' ').length + 1));
        }
      }
      expect(existsSync(at('out/dict.de.txt')) && existsSync(at('out/dict.en.txt'))).toBe(true);
      expect(readdirSync(at('out/text')).filter((name) => name.includes('.part'))).toEqual([]);
    },
    300_000,
  );

  test.each([
    { title: 'a path that is not there', args: ['--from', 'DIR/none'], message: 'none is neither a file nor a folder' },
    { title: 'a truncated archive', args: ['--from', 'DIR/cut.tgz'], message: 'cut.tgz is not a complete archive' },
    {
      title: 'a folder without the files',
      args: ['--from', 'DIR/empty'],
      message: 'train.tags.de-en.de is missing in',
    },
    { title: 'an unknown option', args: ['--form', 'x'], message: "unknown option '--form'; usage:" },
    { title: 'an option without value', args: ['--from'], message: '--from needs a value' },
  ])('refuses $title in one line', ({ args, message }) => {
    writeFileSync(at('cut.tgz'), readFileSync(at('de-en.tgz')));
    truncateSync(at('cut.tgz'), 2000);
    execFileSync('mkdir', ['-p', at('empty')]);
    const to = args.length > 1 && args[0] === '--from' ? ['--to', at('bad')] : [];
    const { status, stderr } = prepare(...args.map((arg) => arg.replace('DIR', directory)), ...to);
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(message);
    expect(existsSync(at('bad/dict.de.txt'))).toBe(false);
  });
});
