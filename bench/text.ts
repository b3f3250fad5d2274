/** How many lines a second do the text tools take? Whole commands, from file to file. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from 'sentencepiece-native';
import { runCommand } from './harness/command.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository, requireData } from './harness/paths.js';
import { median, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({
  repetitions: { type: 'string' },
  peers: { type: 'string' }, // a Python with sentencepiece: the same steps there, in turn with ours
});
const repetitions = Number(options.repetitions ?? (options.short ? 1 : 3));
const text = join(requireData(options.data), 'text');
const work = temporaryFolder();
const at = (name: string): string => join(text, name);
const to = (name: string): string => join(work, name);
for (const language of ['de', 'en']) copyFileSync(at(`bpe.train.${language}`), to(`train.${language}`));

interface Case {
  readonly name: string;
  /** Whose lines count. */
  readonly files: readonly string[];
  readonly command: readonly string[];
  /** The arguments of bench/peers/sentencepiece_text.py for the same work. */
  readonly peer?: readonly string[];
}

const sides = `${at('lower.train.de')},${at('lower.train.en')}`;
const PIECES = '8000';

/** Training needs the add-on; what follows uses its model. */
const SENTENCE_PIECE: readonly Case[] = [
  {
    name: `spm-train, bpe, ${PIECES} pieces`,
    files: ['lower.train.de', 'lower.train.en'],
    command: [
      ...['spm-train', '--input', sides, '--model-prefix', to('spm'), '--model-type', 'bpe', '--vocab-size', PIECES],
      ...['--character-coverage', '1.0', '--num-threads', String(options.threads), '--minloglevel', '2'],
    ],
    peer: ['train', sides, to('peer'), PIECES, String(options.threads)],
  },
  {
    name: 'spm-encode',
    files: ['lower.train.en'],
    command: ['spm-encode', '--model', to('spm.model'), at('lower.train.en'), to('spm.en')],
    peer: ['encode', to('spm.model'), at('lower.train.en'), to('peer.en')],
  },
  {
    name: 'spm-decode',
    files: ['lower.train.en'],
    command: ['spm-decode', '--model', to('spm.model'), to('spm.en'), to('joined.en')],
    peer: ['decode', to('spm.model'), to('spm.en'), to('peer.joined.en')],
  },
];

const CASES: readonly Case[] = [
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
  ...(isAvailable().available ? SENTENCE_PIECE : []),
];

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Python's sentencepiece at the same work. @throws Error when it fails */
function runPeer(python: string, args: readonly string[]): Run {
  return JSON.parse(
    execFileSync(python, [inRepository('bench/peers/sentencepiece_text.py'), ...args], { encoding: 'utf8' }),
  ) as Run;
}

const countLines = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1;

const rows: { name: string; lines: number; seconds: number; peakBytes: number }[] = [];

function addRow(name: string, files: readonly string[], runs: readonly Run[]): void {
  rows.push({
    name,
    lines: files.reduce((sum, file) => sum + countLines(at(file)), 0),
    seconds: median(runs.map(({ seconds }) => seconds)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  });
}

for (const { name, files, command, peer } of CASES) {
  progress(name);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    ours.push(await runCommand(command, options.threads));
    if (peer !== undefined && options.peers !== undefined) theirs.push(runPeer(options.peers, peer));
  }
  addRow(name, files, ours);
  if (theirs.length > 0) addRow("  Python's sentencepiece", files, theirs);
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
