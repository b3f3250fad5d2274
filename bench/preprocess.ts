/** How fast is preprocess, how much memory does it use, and do both depend on the size of the corpus? From text to data folder. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './harness/command.js';
import { makeUpText } from './harness/made-up-text.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository } from './harness/paths.js';
import { median, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({
  text: { type: 'string' }, // PREFIX.de and PREFIX.en; without it the BPE text of --data, or one that is made up
  copies: { type: 'string' }, // how often the text is repeated: 1,10
  repetitions: { type: 'string' },
  peers: { type: 'string' }, // a Python with fairseq: the same commands there, in turn with ours
});
const PAIRS = 29_000;
const LANGUAGES = ['de', 'en'] as const;
const repetitions = Number(options.repetitions ?? (options.short ? 1 : 3));
const copies = (options.copies ?? (options.short ? '1' : '1,10')).split(',').map(Number);
const work = temporaryFolder();

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
}

interface Row extends Run {
  readonly program: string;
  readonly workers: number;
  readonly pairs: number;
  readonly bytes: number; // of both texts
  /** Speed relative to fairseq with the same number of workers; NaN without fairseq. */
  readonly ratio: number;
}

const prefix = options.text ?? join(options.data, 'text', 'bpe.train');
const hasText = options.text !== undefined || existsSync(`${prefix}.de`);
const text = hasText ? prefix : makeUpText(join(work, 'text'), { pairs: PAIRS, languages: LANGUAGES });

/** Writes the text `times` times. @returns its prefix */
function repeat(times: number): string {
  const prefix = join(work, `train-${times}`);
  for (const language of LANGUAGES) {
    const once = readFileSync(`${text}.${language}`);
    writeFileSync(`${prefix}.${language}`, '');
    for (let copy = 0; copy < times; copy++) appendFileSync(`${prefix}.${language}`, once);
  }
  return prefix;
}

/** Runs fairseq's command with the Python of --peers; null if that has no fairseq. @throws Error if it fails */
function runFairseq(python: string, args: readonly string[]): Run | null {
  const script = [inRepository('bench/peers/preprocess.py'), ...args];
  const { status, stdout, stderr } = spawnSync(python, script, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status === 3) {
    progress(`${stderr.trim()}; ours alone is measured`);
    return null;
  }
  if (status !== 0) throw new Error(`fairseq-preprocess ${args.join(' ')} failed:\n${stderr?.slice(-2000)}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Run;
}

/** The names of files that differ between the folders, except the log. */
const differences = (ours: string, theirs: string): string[] =>
  readdirSync(ours).filter(
    (name) => name !== 'preprocess.log' && !readFileSync(join(ours, name)).equals(readFileSync(join(theirs, name))),
  );

const middle = (runs: readonly Run[]): Run => ({
  seconds: median(runs.map(({ seconds }) => seconds)),
  peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
});

const rows: Row[] = [];
const different = new Set<string>();
for (const times of copies) {
  const prefix = repeat(times);
  const bytes = LANGUAGES.reduce((sum, language) => sum + statSync(`${prefix}.${language}`).size, 0);
  const pairs = readFileSync(`${prefix}.de`).reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0);
  for (const workers of new Set([1, options.threads])) {
    progress(`${pairs} pairs, ${workers} workers`);
    const [ours, theirs]: [Run[], Run[]] = [[], []];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const folders = ['ours', 'theirs'].map((name) => join(work, name)) as [string, string];
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      const [toOurs, toTheirs] = folders.map((destdir) => [
        ...['--source-lang', 'de', '--target-lang', 'en', '--joined-dictionary', '--trainpref', prefix],
        ...['--workers', String(workers), '--destdir', destdir],
      ]) as [string[], string[]];
      ours.push(await runCommand(['preprocess', ...toOurs], options.threads));
      const peer = options.peers === undefined ? null : runFairseq(options.peers, toTheirs);
      if (peer === null) continue;
      theirs.push(peer);
      for (const name of differences(...folders)) different.add(name);
    }
    const [mine, peer] = [middle(ours), theirs.length === 0 ? null : middle(theirs)];
    const corpus = { workers, pairs, bytes };
    rows.push({
      program: 'ts-fairseq',
      ...corpus,
      ...mine,
      ratio: peer === null ? Number.NaN : peer.seconds / mine.seconds,
    });
    if (peer !== null) rows.push({ program: 'fairseq', ...corpus, ...peer, ratio: Number.NaN });
  }
}
const withFairseq = rows.some(({ program }) => program === 'fairseq');
const comparison = different.size > 0 ? `; DIFFERENT bytes in ${[...different].join(', ')}` : '; the same bytes';
publish(
  {
    benchmark: 'preprocess',
    note: `${hasText ? text : 'generated text'}, median of ${repetitions}, without the start of the process${withFairseq ? comparison : ''}`,
    columns: [
      { heading: 'program', value: ({ program }) => program },
      { heading: 'pairs', value: ({ pairs }) => pairs },
      { heading: 'workers', value: ({ workers }) => workers },
      { heading: 'seconds', value: ({ seconds }) => seconds, digits: 2 },
      { heading: 'sentences/s', value: ({ pairs, seconds }) => (2 * pairs) / seconds },
      { heading: 'MB/s', value: ({ bytes, seconds }) => bytes / 1e6 / seconds, digits: 1 },
      { heading: 'MiB', value: ({ peakBytes }) => peakBytes / 2 ** 20 },
      { heading: 'times as fast', value: ({ ratio }) => ratio, digits: 1 },
    ],
    rows,
  },
  options,
);
