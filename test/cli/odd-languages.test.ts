import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const TINY = [
  ...['--encoder-embed-dim', '8', '--encoder-ffn-embed-dim', '8', '--encoder-layers', '1', '--decoder-layers', '1'],
  ...['--encoder-attention-heads', '2', '--decoder-attention-heads', '2'],
];

const run = async (...argv: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCommandLine(argv);
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`;
};

describe.each<[source: string, target: string, ...options: string[]]>([
  ['en', 'en', '--joined-dictionary'],
  ['en', 'en'],
  ['zh-CN', 'en'],
  ['pt-br', 'zh-CN'],
  ['tok.de', 'tok.en'],
])('data of %s and %s', (source, target, ...options) => {
  it('work in every command, with languages from the file names', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const prefix = join(folder, 'text');
    writeFileSync(`${prefix}.${source}`, 'a b c\nb c d\nc d\n');
    if (target !== source) writeFileSync(`${prefix}.${target}`, 'x y z\ny z w\nz w\n');
    const data = join(folder, 'bin');
    const texts = ['--trainpref', prefix, '--validpref', prefix, '--testpref', prefix];
    await run('preprocess', '-s', source, '-t', target, ...texts, '--destdir', data, ...options);
    expect(existsSync(join(data, `train.${source}-${target}.${target}.idx`))).toBe(true);
    const saveDir = join(folder, 'checkpoints');
    await run('train', data, ...TINY, '--max-tokens', '40', '--max-epoch', '1', '--lr', '0.01', '--save-dir', saveDir);
    const checkpoint = ['--path', join(saveDir, 'checkpoint_last')];
    await run('validate', data, ...checkpoint, '--max-tokens', '40');
    await run('generate', data, ...checkpoint, '--max-len-b', '4', '--results-path', folder);
    expect(readFileSync(join(folder, 'generate-test.txt'), 'utf8').match(/^H-/gm)).toHaveLength(3);
    const input = join(folder, 'lines');
    writeFileSync(input, 'a b\n');
    const answering = ['--max-len-b', '4', '--input', input, '--tokenizer', 'moses'];
    expect(await run('interactive', data, ...checkpoint, ...answering)).toContain('H-0');
    const converted = join(folder, 'converted.pt');
    await run('convert', join(saveDir, 'checkpoint_last'), converted);
    await run('generate', data, '--path', converted, '--max-len-b', '4', '--results-path', folder);
  });
});
