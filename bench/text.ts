/** How many lines a second do the text tools take? Whole commands, from file to file. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './harness/command.js';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { median, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({ repetitions: { type: 'string' } });
const repetitions = Number(options.repetitions ?? (options.short ? 1 : 3));
const text = join(requireData(options.data), 'text');
const work = temporaryFolder();
const at = (name: string): string => join(text, name);
const to = (name: string): string => join(work, name);
for (const language of ['de', 'en']) copyFileSync(at(`bpe.train.${language}`), to(`train.${language}`));

const CASES = [
  {
    name: 'tokenize de',
    files: ['raw.train.de'],
    command: ['tokenize', '-l', 'de', '-a', at('raw.train.de'), to('tok.de')],
  },
  {
    name: 'tokenize en',
    files: ['raw.train.en'],
    command: ['tokenize', '-l', 'en', '-a', at('raw.train.en'), to('tok.en')],
  },
  {
    name: 'learn-joint-bpe-and-vocab, 8,000 merges',
    files: ['lower.train.de', 'lower.train.en'],
    command: [
      ...['learn-joint-bpe-and-vocab', '--input', at('lower.train.de'), at('lower.train.en'), '-s', '8000'],
      ...['--output', to('codes'), '--write-vocabulary', to('vocab.de'), to('vocab.en')],
    ],
  },
  {
    name: 'apply-bpe',
    files: ['lower.train.en'],
    command: ['apply-bpe', '-c', at('codes'), at('lower.train.en'), to('bpe.en')],
  },
  {
    name: 'preprocess, pairs',
    files: ['bpe.train.de'],
    command: [
      ...['preprocess', '--source-lang', 'de', '--target-lang', 'en', '--joined-dictionary'],
      ...['--trainpref', to('train'), '--destdir', to('data-bin')],
    ],
  },
  {
    name: 'score --sacrebleu',
    files: ['raw.train.en'],
    command: ['score', '--sacrebleu', '--sys', at('lower.train.en'), '--ref', at('raw.train.en')],
  },
];

const countLines = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1;

const rows: { name: string; lines: number; seconds: number; peakBytes: number }[] = [];
for (const { name, files, command } of CASES) {
  progress(name);
  const reports = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    reports.push(await runCommand(command, options.threads));
  }
  rows.push({
    name,
    lines: files.reduce((sum, file) => sum + countLines(at(file)), 0),
    seconds: median(reports.map(({ seconds }) => seconds)),
    peakBytes: Math.max(...reports.map(({ peakBytes }) => peakBytes)),
  });
}
publish(
  {
    benchmark: 'text',
    note: `${text}, median of ${repetitions}; no matrix products, so no peak to hold it against`,
    columns: [
      { heading: 'command', value: ({ name }) => name },
      { heading: 'lines', value: ({ lines }) => lines },
      { heading: 'seconds', value: ({ seconds }) => seconds, digits: 2 },
      { heading: 'lines/s', value: ({ lines, seconds }) => lines / seconds },
      { heading: 'MiB', value: ({ peakBytes }) => peakBytes / 2 ** 20 },
    ],
    rows,
  },
  options,
);
