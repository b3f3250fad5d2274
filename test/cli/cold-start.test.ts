import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const script = fileURLToPath(new URL('../helpers/ts-fairseq.ts', import.meta.url));

/** Says at the end which packages the process has loaded of those that most work does without. */
const reporter = join(folder, 'reporter.cjs');
writeFileSync(
  reporter,
  `process.on('exit', () => {
    const names = Object.keys(require.cache).map((path) => /(?:@tensorflow|node_modules).(tfjs[^\\\\/]*|cli-progress)/.exec(path)?.[1]);
    process.stderr.write('LOADED ' + JSON.stringify([...new Set(names)].filter(Boolean).sort()) + '\\n');
  });`,
);

/** The packages that a command loads. */
function loadedBy(argv: readonly string[], input = ''): string[] {
  const node = ['--import', 'jiti/register', '--require', reporter, script];
  const { stderr, status } = spawnSync(process.execPath, [...node, ...argv], { encoding: 'utf8', input });
  expect(status, stderr).toBe(0);
  return JSON.parse(/^LOADED (.*)$/m.exec(stderr)![1]!) as string[];
}

describe('a command that starts', () => {
  it.each(['train', 'generate', 'interactive', 'translate', 'serve', 'apply-bpe'])(
    'loads neither a tensor library nor a progress bar for %s --help',
    (name) => {
      expect(loadedBy([name, '--help'])).toEqual([]);
    },
  );

  it.runIf(isAvailable().available)(
    'loads none to translate on cpu, and its core where operations are asked for',
    () => {
      const checkpoint = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
      const translate = ['interactive', goldenData, '--path', checkpoint, '--device', 'cpu', '--threads', '1'];
      expect(loadedBy(translate, 'ein haus\n')).toEqual([]);
      expect(loadedBy([...translate, '--print-alignment'], 'ein haus\n')).toEqual(['tfjs-backend-cpu', 'tfjs-core']);
    },
  );

  it.runIf(isAvailable().available)('loads none to translate a text', () => {
    const checkpoint = saveReferenceCheckpoint(join(folder, 'exported'), 'trained');
    const model = join(folder, 'model');
    loadedBy([
      'export',
      '--path',
      checkpoint,
      '--data',
      goldenData,
      '--to',
      model,
      '--tokenizer',
      'moses',
      '--lowercase',
    ]);
    expect(loadedBy(['translate', model, 'Ein Haus.'])).toEqual([]);
  });
});
