import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../src/cli/host.js';
import { main } from '../src/cli/main.js';
import { read } from './golden.js';

const golden = read<{
  readonly files: Record<string, string>;
  readonly runs: { readonly arguments: string[]; readonly stdin: string | null; readonly stdout: string }[];
}>('golden/cli.json');

const folder = mkdtempSync(join(tmpdir(), 'sacrebleu-ts-'));
const start = process.cwd();
beforeAll(() => {
  for (const [name, text] of Object.entries(golden.files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'short'), 'one\n');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'é hyp'), golden.files.a!);
  writeFileSync(join(folder, 'binary'), Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0x61, 0x0a, 0x61, 0x0a]));
  writeFileSync(join(folder, 'latin'), Buffer.from('caf\xe9\n', 'latin1'));
  writeFileSync(join(folder, 'a.gz'), gzipSync(golden.files.a!));
  writeFileSync(join(folder, 'broken.gz'), 'no gzip');
  writeFileSync(join(folder, 'tokenized'), 'a b .\n'.repeat(100));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function call(
  argv: readonly string[],
  { stdin = '', ...rest }: Partial<Host> & { stdin?: string } = {},
): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const status = await main(argv, {
    environment: {},
    isTerminal: false,
    isStdinTerminal: false,
    readStdin: () => Buffer.from(stdin),
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    ...rest,
  });
  return { status, stdout, stderr };
}

const words = (line: string): string[] => line.split(' ');

describe('what sacrebleu-ts prints', () => {
  it.each(golden.runs.map((entry) => [entry.arguments.join(' '), entry] as const))(
    'is sacrebleu’s: %s',
    async (_, expected) => {
      const stdin = expected.stdin === null ? '' : golden.files[expected.stdin]!;
      const { status, stdout } = await call(expected.arguments, { stdin });
      expect(stdout).toBe(expected.stdout);
      expect(status).toBe(0);
    },
  );

  it('is coloured on a terminal, unless that is switched off', async () => {
    const colored = async (argv: string, environment = {}) =>
      (await call(words(argv), { isTerminal: true, environment })).stdout;
    const paired = 'ref -i a b_1 -f text -pbs -pbsn 50 -q';
    expect(await colored(paired)).toMatch(/│ \x1b\[33mBaseline: a\x1b\[0m │/);
    expect(await colored(paired)).toMatch(/\x1b\[31m\(p = 0\.\d{4}\)\x1b\[0m/);
    expect((await colored(paired)).replace(/\x1b\[\d+m/g, '')).toBe((await call(words(paired))).stdout);
    expect(await colored('ref -i a -f text -ci')).toContain('\x1b[36m(μ = ');
    expect(await colored(`${paired} -nc`)).not.toContain('\x1b');
    expect(await colored(paired, { NO_COLOR: '1' })).not.toContain('\x1b');
  });

  it('follows SACREBLEU_FORMAT and SACREBLEU_SEED', async () => {
    const environment = { SACREBLEU_FORMAT: 'Text', SACREBLEU_SEED: '7' };
    expect((await call(words('ref -i a -ci -cin 9 -f json'), { environment })).stdout).toMatch(
      /^BLEU\|nrefs:1\|bs:9\|seed:7\|/,
    );
    const none = { SACREBLEU_FORMAT: 'text', SACREBLEU_SEED: 'None' };
    expect((await call(words('ref -i a -ci -cin 9'), { environment: none })).stdout).toMatch(/\|seed:none\|/);
  });

  it('spells names beyond ASCII in JSON as Python does', async () => {
    expect((await call(['ref', '-i', 'a', 'é hyp'])).stdout).toContain('"system": "\\u00e9 hyp",');
  });

  it('prints metrics that Python cannot print as JSON', async () => {
    const [baseline, other] = JSON.parse((await call(words('ref -i a b_1 -m chrf ter -pbs -pbsn 50 -q'))).stdout);
    expect(Object.keys(baseline)).toEqual(['system', 'chrF2', 'TER']);
    expect(other.chrF2).toEqual({
      score: expect.closeTo(74.3, 1),
      p_value: expect.any(Number),
      mean: expect.any(Number),
      ci: expect.any(Number),
    });
  });

  it.each([
    ['compressed files', 'ref -i a.gz -b', '30.1\n'],
    ['several -i', 'ref -i a -i b_1 -b -f latex', expect.stringContaining('b\\_1')],
    ['values behind a letter', 'ref -i a -b -w3', '30.094\n'],
    ['long names cut short', 'ref -i a --score-o', '30.1\n'],
    ['references behind --', '-b -w 2 -i a -- ref', '30.09\n'],
    ['another encoding', 'latin -e latin-1 -i latin -b -m chrf', '100.0\n'],
    ['jobs, in one process', 'ref -i a -b -j 4', '30.1\n'],
  ])('takes %s', async (_, line, stdout) => {
    expect((await call(words(line))).stdout).toEqual(stdout);
  });

  it('warns about text that looks tokenized', async () => {
    expect((await call(words('tokenized -i tokenized'))).stderr).toMatch(
      /^sacreBLEU: tokenized: that's 100 lines.*\n$/,
    );
    expect((await call(words('tokenized -i tokenized --force'))).stderr).toBe('');
    expect((await call(words('tokenized -i tokenized -q'))).stderr).toBe('');
    expect((await call(words('tokenized -i tokenized -m chrf'))).stderr).toBe('');
  });

  it('prints the number of systems', async () => {
    expect((await call(words('ref -i a b_1'))).stderr).toBe('sacreBLEU: Found 2 systems.\n');
  });

  it('prints its help and version', async () => {
    const help = (await call(['--help'])).stdout;
    expect(help).toMatch(/--chrf-word-order, -cw N +longest word n-grams; 2 is chrF\+\+ \(0\)/);
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect((await call(['-V'])).stdout).toBe('sacrebleu-ts 0.1.0, equal to sacrebleu 2.6.0\n');
  });
});

describe('an internal error', () => {
  it('is printed with its stack, and the exit status is 70', async () => {
    const readStdin = (): Uint8Array => {
      throw new TypeError('broken');
    };
    const { status, stderr } = await call(['ref'], { readStdin });
    expect(stderr).toMatch(/^TypeError: broken\n +at /);
    expect(status).toBe(70);
  });
});

describe('an error of the user is one line, with status 2:', () => {
  it.each([
    ['no references', '-i a', 'there are no references: name their files first: sacrebleu-ts REF … -i HYP'],
    [
      'unequal lines',
      'ref -i short',
      'ref has 4 lines, short has 1: line N of the translations must match line N of the references',
    ],
    ['an unequal second reference', 'ref short -i a', 'short has 1 lines, a has 4: line N'],
    ['a missing file', 'ref -i none', 'none does not exist: check its name'],
    ['a folder', 'ref -i .', '. is a folder: name a file'],
    ['an empty file', 'empty -i empty', 'empty is empty: write one translation per line'],
    ['bytes that are not text', 'ref -i binary', 'binary line 2 is not utf-8: save it in that encoding'],
    ['no gzip', 'ref -i broken.gz', 'broken.gz is not a gzip file'],
    ['an unknown encoding', 'ref -i a -e utf9', "unknown encoding 'utf9': for example utf-8"],
    ['an unknown metric', 'ref -i a -m blue', "-m: unknown 'blue': did you mean 'bleu'?\n"],
    ['a reference behind -m', '-i a -m bleu ref', "-m: unknown 'ref': did you mean 'ter'?"],
    ['an unknown tokenizer', 'ref -i a -tok 13b', "unknown tokenizer '13b': did you mean '13a'?"],
    [
      'a tokenizer that is not here',
      'ref -i a -tok ja-mecab',
      "bleu: the tokenizer 'ja-mecab' is not supported: it requires",
    ],
    ['Japanese by its language pair', 'ref -i a -l en-ja', "bleu: the tokenizer 'ja-mecab' is not supported"],
    ['an unknown smoothing', 'ref -i a -s flor', "-s: unknown 'flor': did you mean 'floor'?"],
    ['an unknown option', 'ref -i a --lowercsae', 'unknown option --lowercsae: did you mean '],
    ['an ambiguous one', 'ref -i a --chrf-w', '--chrf-w is ambiguous: use --chrf-word-order or --chrf-whitespace'],
    ['a test set', '-t wmt20 -l en-de -i a', '-t is not supported: test sets are not included'],
    ['text for a number', 'ref -i a -w two', "-w is 'two': it must be a whole number from 0"],
    ['a negative width', 'ref -i a -w -1', "-w is '-1': it must be a whole number from 0"],
    ['half a number', 'ref -i a --chrf-char-order 1.5', "--chrf-char-order is '1.5': it must be a whole number"],
    ['no number', 'ref -i a -s floor -sv x', "-sv is 'x': it must be a number"],
    ['a negative floor', 'ref -i a -s floor -sv -1', "-sv is '-1': it must be a number from 0\n"],
    ['too many decimals', 'ref -i a -w 101', "-w is '101': it must be a whole number from 0 to 100\n"],
    ['too many resamples', 'ref -i a -ci -cin 1e9', "-cin is '1e9': it must be a whole number from 1 to 10000000\n"],
    ['a missing value', 'ref -i a -w', '-w needs a value: decimals of scores'],
    ['a value too many', 'ref -i a --lowercase=yes', "--lowercase takes no value: remove 'yes'"],
    ['orders that are nothing', 'ref -i a -m chrf -cc 0', 'chrf: charOrder and wordOrder are both 0'],
    ['a system twice', 'ref -i a a', 'a is named twice: name each system once'],
    ['one system to compare', 'ref -i a --paired-bs', 'a paired test requires several systems: name them with -i'],
    ['both paired tests', 'ref -i a b_1 -par -pbs', '--paired-ar and --paired-bs cannot be combined: choose one'],
    [
      'an interval of several systems',
      'ref -i a b_1 -ci',
      '--confidence requires a single system: compare several with --paired-bs',
    ],
    [
      'sentences of several metrics',
      'ref -i a -sl -m bleu ter',
      '--sentence-level requires a single metric: choose one',
    ],
    ['sentences of several systems', 'ref -i a b_1 -sl', '--sentence-level requires a single system: name one'],
    [
      'sentences with a test',
      'ref -i a -sl -ci',
      '--sentence-level cannot be combined with a test: tests need the whole corpus',
    ],
    ['several files of tabs', 'ref ref2 -nr 2 -i a', '--num-refs with several files: it splits the lines of one file'],
    ['too few tabs', 'ref -nr 2 -i a', 'ref line 1 has 1 of 2 references: --num-refs splits each line at tabs'],
  ])('%s', async (_, line, message) => {
    const { status, stdout, stderr } = await call(words(line));
    expect(stderr).toContain(`sacrebleu-ts: ${message}`);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect([status, stdout]).toEqual([2, '']);
  });

  it.each([
    [
      'lines with other tabs on standard input',
      { stdin: 'a\tb\nc\n' },
      'standard input line 2 has 1 fields, the first has 2',
    ],
    [
      'nothing on standard input',
      {},
      'standard input has no translations: name their files behind -i: sacrebleu-ts tabbed -i HYP\n',
    ],
    [
      'a seed that is none',
      { environment: { SACREBLEU_SEED: '-3' } },
      "SACREBLEU_SEED is '-3': set it to a non-negative integer or None",
    ],
  ])('%s', async (_, host, message) => {
    const { status, stderr } = await call(['tabbed'], host);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});

describe('translations without -i', () => {
  const isStdinTerminal = true;

  it.each([{ isStdinTerminal }, { isStdinTerminal: false }])(
    'may have been meant by the last of several files',
    async (host) => {
      const { status, stderr } = await call(['ref', 'b_1', 'a'], host);
      expect(stderr).toMatch(/^sacrebleu-ts: .*: name their files behind -i: sacrebleu-ts ref b_1 -i a\n$/);
      expect(status).toBe(2);
    },
  );

  it('are read from a terminal with a note that says so', async () => {
    const stdin = golden.files.a!;
    const quiet = await call(['ref', '--quiet'], { stdin, isStdinTerminal });
    expect(quiet).toEqual(await call(['ref'], { stdin }));
    const { stdout, stderr } = await call(['ref'], { stdin, isStdinTerminal });
    expect(stdout).toBe(quiet.stdout);
    expect(stderr).toBe(
      'sacreBLEU: reading translations from standard input; or name their files behind -i: sacrebleu-ts ref -i HYP\n',
    );
  });
});

describe('a SentencePiece model from a file', () => {
  const spm = (name: string): string =>
    fileURLToPath(new URL(`../../../test/golden/text/spm/${name}`, import.meta.url));
  const bleu = (options: string, reference: string, hypothesis: string): Promise<Outcome> =>
    call(words(`${spm(reference)} -i ${spm(hypothesis)} -f text -w 4 ${options}`));

  // Golden pieces: sentencepiece 0.2.3.
  it.each(['bpe', 'unigram'])('splits text into the pieces of %s', async (type) => {
    const ours = await bleu(`--spm-model ${spm(`${type}.model`)}`, 'test.en', 'test.de');
    const pieces = await bleu('-tok none', `test.${type}.en`, `test.${type}.de`);
    expect(ours.stderr).toBe('');
    expect(ours.stdout).toContain(`|tok:spm-${type}|`);
    expect(ours.stdout.replace(`tok:spm-${type}`, 'tok:none')).toBe(pieces.stdout);
  });

  it('has the name of --tokenize in the signature', async () => {
    const { stdout } = await bleu(`-tok flores200 --spm-model ${spm('bpe.model')}`, 'test.en', 'test.de');
    expect(stdout).toContain('|tok:flores200|');
  });

  it.each([
    ['-tok intl --spm-model bpe.model', '--spm-model with --tokenize intl: use --tokenize with one of spm, '],
    ['--spm-model absent.model', 'absent.model cannot be read: name the .model file'],
    ['--spm-model test.de', 'test.de is not a SentencePiece model: name the .model file'],
    ['-tok flores200', "the tokenizer 'flores200' is not supported: it requires a SentencePiece model"],
  ])('%s is refused', async (options, message) => {
    const { status, stderr } = await bleu(options.replace(/(?<=model )/, spm('')), 'test.en', 'test.de');
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(status).toBe(2);
  });
});
