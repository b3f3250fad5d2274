import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands/index.js';
import { type IgnoredOptions, ignoredSchema } from '../../src/cli/options/ignored-options.js';
import { flagOf, type OptionSpec } from '../../src/options/schema.js';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const path = (name: string): string => join(folder, name);
const TINY = ['--arch', 'transformer_tiny', '--max-tokens', '64', '--lr', '0.01', '--max-update', '2'];

const train = (saveDir: string, ...argv: string[]): Promise<Outcome> =>
  runCommandLine(['train', data, ...TINY, '--save-dir', path(saveDir), ...argv]);
const warnings = ({ stderr }: Outcome): string[] =>
  stderr.split('\n').flatMap((line) => /WARNING \| ts-fairseq \| (ignored.*)/.exec(line)?.[1] ?? []);
const bytes = (saveDir: string): Buffer => readFileSync(path(`${saveDir}/checkpoint_last.safetensors`));
const config = (saveDir: string): string => readFileSync(path(`${saveDir}/config.yaml`), 'utf8');

/** What a published recipe gives beside what counts here. */
const RECIPE = [
  ...['--ddp-backend=no_c10d', '--fp16-init-scale', '128', '--threshold-loss-scale', '1', '--dataset-impl', 'mmap'],
  ...['--distributed-world-size', '1', '--find-unused-parameters', '--data-buffer-size', '10'],
];
const NAMED =
  'ignored, because it changes neither results nor memory here: --ddp-backend no_c10d, --distributed-world-size 1, --find-unused-parameters, --fp16-init-scale 128, --threshold-loss-scale 1, --dataset-impl mmap, --data-buffer-size 10';

const EXAMPLES: Readonly<Record<string, string[]>> = { boolean: [], string: ['text'], float: ['3'] };
const valueFor = ({ kind }: OptionSpec): string[] => EXAMPLES[kind]!;

/** Every ignored option of every command, with a value that is accepted. */
const cases = (
  await Promise.all(
    commands.map(async ({ name, load }) => {
      const { ignored = {} as IgnoredOptions } = await load();
      return Object.entries(ignored).map(([key, { spec, only }]) => {
        const value = only === undefined ? valueFor(spec) : [String(only.values[0])];
        return { command: name, flag: flagOf(key, spec), value, only };
      });
    }),
  )
).flat();

describe('options that change neither results nor memory', () => {
  it('are named in one warning, and training, its checkpoint and its configuration are those without them', async () => {
    expect(warnings(await train('plain'))).toEqual([]);
    const outcome = await train('recipe', ...RECIPE);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(warnings(outcome)).toEqual([NAMED]);
    expect(bytes('recipe').equals(bytes('plain'))).toBe(true);
    expect(config('recipe').replace('recipe', 'plain')).toBe(config('plain'));
  });

  it('are accepted in --config, where false and null count as not set; flags override it', async () => {
    mkdirSync(path('configs'));
    const lines = ['ddp-backend: c10d', 'fp16_init_scale: 4', 'fast_stat_sync: false', 'bucket_cap_mb: null'];
    writeFileSync(path('configs/run.yaml'), `${lines.join('\n')}\n`);
    const outcome = await train('configured', '--config', path('configs/run.yaml'), '--fp16-init-scale', '8');
    const named = '--ddp-backend c10d, --fp16-init-scale 8';
    expect(warnings(outcome)).toEqual([`ignored, because it changes neither results nor memory here: ${named}`]);
    writeFileSync(path('configs/many.yaml'), 'distributed_world_size: 4\n');
    const many = await train('configured', '--config', path('configs/many.yaml'));
    expect(many.stderr).toMatch(
      /--distributed-world-size 4 is not supported; start several processes with mpirun -n N/,
    );
  });

  it('are accepted by validate and generate too', async () => {
    const checkpoint = ['--path', path('plain/checkpoint_last'), '--max-tokens', '64'];
    const validated = await runCommandLine(['validate', data, ...checkpoint, ...RECIPE, '--num-workers', '2']);
    expect(validated.code, validated.stderr).toBe(0);
    expect(warnings(validated)).toEqual([`${NAMED}, --num-workers 2`]);
    const generated = await runCommandLine([
      ...['generate', data, ...checkpoint, '--gen-subset', 'valid', '--quiet'],
      ...['--no-beamable-mm', '--fp16-init-scale', '4'],
    ]);
    expect(generated.code, generated.stderr).toBe(0);
    expect(warnings(generated)).toHaveLength(1);
  });

  it('are read with every spelling and kind of value', async () => {
    expect(cases.length).toBeGreaterThan(80);
    for (const { command, flag, value } of cases) {
      // The command goes on to what is wrong: it has no such data or checkpoint.
      const { stderr } = await runCommandLine([command, path('no-such-data'), flag, ...value]);
      expect(stderr, `${command} ${flag}`).not.toMatch(/unknown option|not supported|too many/);
    }
  });

  it.each(cases.filter(({ only }) => only !== undefined))(
    '$command refuses other values of $flag, before anything is read',
    async ({ command, flag, value, only }) => {
      const other = /^\d+$/.test(value[0]!) ? '8' : 'other';
      const { code, stderr } = await runCommandLine([command, path('no-such-data'), flag, other]);
      expect(stderr).toBe(`ts-fairseq: ${flag} ${other} is not supported; ${only!.remedy}\n`);
      expect(code).toBe(2);
    },
  );

  it('are neither options of the command nor refused', async () => {
    for (const { name, load } of commands) {
      const { options, ignored = {} as IgnoredOptions, unsupported = {} } = await load();
      expect(Object.keys(ignoredSchema(ignored, options)), name).toEqual(Object.keys(ignored));
      const flags = Object.entries(ignored).map(([key, { spec }]) => flagOf(key, spec));
      expect(
        flags.filter((flag) => flag in unsupported),
        name,
      ).toEqual([]);
    }
  });

  it('give way to an option of a plug-in with the same flag', () => {
    const ignored: IgnoredOptions = { bucketCapMb: { spec: { kind: 'float', default: null, help: '' } } };
    const own = { cap: { kind: 'float', default: 1, help: '', flag: 'bucket-cap-mb' } } as const;
    expect(ignoredSchema(ignored, own)).toEqual({});
    expect(Object.keys(ignoredSchema(ignored, {}))).toEqual(['bucketCapMb']);
  });
});
