/** How fast are the text tools, and Python's beside them? Whole processes, from file to file. */
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from 'sentencepiece-native';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { median, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';
import { type ProcessRun, runNode, runPeer } from './harness/whole-process.js';

const options = benchmarkOptions({
  repetitions: { type: 'string' },
  only: { type: 'string' }, // cases whose name has this in it
  peers: { type: 'string' }, // a Python with sacremoses, subword-nmt, sacrebleu, sentencepiece: the same, in turn with ours
});
const repetitions = Number(options.repetitions ?? (options.short ? 1 : 3));
const text = join(requireData(options.data), 'text');
const work = temporaryFolder();
const at = (name: string): string => join(text, name);
const to = (name: string): string => join(work, name);
for (const language of ['de', 'en']) copyFileSync(at(`bpe.train.${language}`), to(`train.${language}`));

/** A text of `parts`, one after another. */
function joined(name: string, parts: readonly string[]): string {
  for (const part of parts) appendFileSync(to(name), readFileSync(part));
  return to(name);
}
const ten = (name: string): string => joined(`ten.${name}`, Array<string>(10).fill(at(name)));
const both = joined('both', [at('lower.train.de'), at('lower.train.en')]);
const tenRaw = ten('raw.train.de');
const tenLower = ten('lower.train.de');

interface Case {
  readonly name: string;
  /** Whose lines count. */
  readonly files: readonly string[];
  /** Of `ts-fairseq`, or of what `script` names. */
  readonly command: readonly string[];
  readonly script?: string;
  /** What it is compared with, and the arguments of bench/peers/text.py for the same work. */
  readonly peer?: { readonly name: string; readonly args: readonly string[] };
  /** What both write, where it should be the same. */
  readonly outputs?: readonly [ours: string, theirs: string];
}

function tokenize(name: string, language: string, input: string): Case {
  const outputs = [to(`${name}.tok`), to(`${name}.peer.tok`)] as const;
  return {
    name,
    files: [input],
    command: ['tokenize', '-l', language, '-a', input, outputs[0]],
    peer: {
      name: 'sacremoses',
      args: ['sacremoses', input, outputs[1], '-q', '-l', language, '-j', '1', 'tokenize', '-a'],
    },
    outputs,
  };
}

function applyBpe(name: string, input: string): Case {
  const outputs = [to(`${name}.bpe`), to(`${name}.peer.bpe`)] as const;
  return {
    name,
    files: [input],
    command: ['apply-bpe', '-c', at('codes'), input, outputs[0]],
    peer: { name: 'subword-nmt', args: ['subword-nmt', input, outputs[1], 'apply-bpe', '-c', at('codes')] },
    outputs,
  };
}

const sides = `${at('lower.train.de')},${at('lower.train.en')}`;
const PIECES = '8000';
const sentencePiece = (...args: string[]): Case['peer'] => ({ name: 'sentencepiece', args });

/** Training needs the add-on; what follows uses its model. */
const SENTENCE_PIECE: readonly Case[] = [
  {
    name: `spm-train, bpe, ${PIECES} pieces`,
    files: [both],
    command: [
      ...['spm-train', '--input', sides, '--model-prefix', to('spm'), '--model-type', 'bpe', '--vocab-size', PIECES],
      ...['--character-coverage', '1.0', '--num-threads', String(options.threads), '--minloglevel', '2'],
    ],
    peer: sentencePiece('spm-train', sides, to('peer'), PIECES, String(options.threads)),
  },
  {
    name: 'spm-encode',
    files: [at('lower.train.en')],
    command: ['spm-encode', '--model', to('spm.model'), at('lower.train.en'), to('spm.en')],
    peer: sentencePiece('spm-encode', to('spm.model'), at('lower.train.en'), to('peer.en')),
    outputs: [to('spm.en'), to('peer.en')],
  },
  {
    name: 'spm-decode',
    files: [at('lower.train.en')],
    command: ['spm-decode', '--model', to('spm.model'), to('spm.en'), to('joined.en')],
    peer: sentencePiece('spm-decode', to('spm.model'), to('spm.en'), to('peer.joined.en')),
    outputs: [to('joined.en'), to('peer.joined.en')],
  },
];

const CASES: readonly Case[] = [
  tokenize('tokenize de', 'de', at('raw.train.de')),
  tokenize('tokenize en', 'en', at('raw.train.en')),
  tokenize('tokenize de, ten times', 'de', tenRaw),
  {
    name: 'learn-bpe, 10,000 merges',
    files: [both],
    command: ['learn-bpe', '-s', '10000', both, to('codes10k')],
    peer: { name: 'subword-nmt', args: ['subword-nmt', both, to('peer.codes10k'), 'learn-bpe', '-s', '10000'] },
    outputs: [to('codes10k'), to('peer.codes10k')],
  },
  {
    name: 'learn-joint-bpe-and-vocab, 8,000 merges',
    files: [both],
    command: [
      ...['learn-joint-bpe-and-vocab', '--input', at('lower.train.de'), at('lower.train.en'), '-s', '8000'],
      ...['--output', to('codes'), '--write-vocabulary', to('vocab.de'), to('vocab.en')],
    ],
  },
  applyBpe('apply-bpe de', at('lower.train.de')),
  applyBpe('apply-bpe de, ten times', tenLower),
  {
    name: 'preprocess, pairs',
    files: [at('bpe.train.de')],
    command: [
      ...['preprocess', '--source-lang', 'de', '--target-lang', 'en', '--joined-dictionary'],
      ...['--trainpref', to('train'), '--destdir', to('data-bin')],
    ],
  },
  {
    name: 'sacrebleu-ts -m bleu chrf',
    files: [at('raw.train.en')],
    script: 'packages/sacrebleu-ts/bin/sacrebleu-ts.js',
    command: [at('raw.train.en'), '-i', at('lower.train.en'), '-m', 'bleu', 'chrf'],
    peer: {
      name: 'sacrebleu',
      args: [
        ...['sacrebleu', '/dev/null', to('peer.score'), at('raw.train.en'), '-i', at('lower.train.en')],
        ...['-m', 'bleu', 'chrf'],
      ],
    },
    outputs: [to('score'), to('peer.score')],
  },
  ...(isAvailable().available ? SENTENCE_PIECE : []),
];

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

function compared([ours, theirs]: readonly [string, string]): string {
  const [left, right] = [linesOf(ours), linesOf(theirs)];
  if (left.length !== right.length) return `${left.length} and ${right.length} lines`;
  const differing = left.filter((line, at) => line !== right[at]).length;
  return differing === 0 ? 'equal' : `${differing} lines differ`;
}

interface Row {
  readonly name: string;
  readonly lines: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Of a peer: its seconds to ours. */
  readonly times: number;
  readonly cpuTimes: number;
  readonly output: string;
}

function rowOf(name: string, lines: number, runs: readonly ProcessRun[]): Row {
  return {
    name,
    lines,
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
    times: Number.NaN,
    cpuTimes: Number.NaN,
    output: '',
  };
}

const rows: Row[] = [];
for (const { name, files, command, script, peer, outputs } of CASES) {
  if (!name.includes(options.only ?? '')) continue;
  const ours: ProcessRun[] = [];
  const theirs: ProcessRun[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    progress(name);
    ours.push(
      script === undefined
        ? await runNode('bin/ts-fairseq.js', command)
        : await runNode(script, command, { stdout: outputs![0] }),
    );
    if (peer !== undefined && options.peers !== undefined) theirs.push(await runPeer(options.peers, peer.args));
  }
  const lines = files.reduce((sum, file) => sum + linesOf(file).length, 0);
  const own = rowOf(name, lines, ours);
  rows.push(own);
  if (theirs.length === 0) continue;
  const row = rowOf(`  ${peer!.name}`, lines, theirs);
  const ratios = { times: row.seconds / own.seconds, cpuTimes: row.cpuSeconds / own.cpuSeconds };
  rows.push({ ...row, ...ratios, output: outputs === undefined ? '' : compared(outputs) });
}
publish(
  {
    benchmark: 'text',
    note: `${text}, median of ${repetitions}; whole processes; the last columns: a peer's time to ours, its output to ours`,
    columns: [
      { heading: 'command', value: ({ name }) => name },
      { heading: 'lines', value: ({ lines }) => lines },
      { heading: 'seconds', value: ({ seconds }) => seconds, digits: 2 },
      { heading: 'CPU s', value: ({ cpuSeconds }) => cpuSeconds, digits: 2 },
      { heading: 'MiB', value: ({ peakBytes }) => peakBytes / 2 ** 20 },
      { heading: 'times', value: ({ times }) => times, digits: 1 },
      { heading: 'CPU times', value: ({ cpuTimes }) => cpuTimes, digits: 1 },
      { heading: 'output', value: ({ output }) => output },
    ],
    rows,
  },
  options,
);
