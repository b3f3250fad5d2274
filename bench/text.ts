/** How fast are the text tools compared with Python's? Whole processes, from file to file. */
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from 'sentencepiece-native';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { temporaryFolder } from './harness/temporary.js';
import { compareTextTools, type TextCase } from './harness/text-comparison.js';
import { runPeer } from './harness/whole-process.js';

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

/** Concatenates `parts`. */
function joined(name: string, parts: readonly string[]): string {
  for (const part of parts) appendFileSync(to(name), readFileSync(part));
  return to(name);
}
const ten = (name: string): string => joined(`ten.${name}`, Array<string>(10).fill(at(name)));
const both = joined('both', [at('words.train.de'), at('words.train.en')]);
const tenRaw = ten('raw.train.de');
const tenLower = ten('words.train.de');

/** The same work by bench/peers/text.py. */
const python = (name: string, ...args: string[]): TextCase['peer'] => {
  const program = options.peers;
  return program === undefined ? { name } : { name, run: () => runPeer(program, args) };
};

function tokenize(name: string, language: string, input: string): TextCase {
  const outputs = [to(`${name}.tok`), to(`${name}.peer.tok`)] as const;
  return {
    name,
    files: [input],
    command: ['tokenize', '-l', language, '-a', input, outputs[0]],
    peer: python('sacremoses', 'sacremoses', input, outputs[1], '-q', '-l', language, '-j', '1', 'tokenize', '-a'),
    outputs,
  };
}

function applyBpe(name: string, input: string): TextCase {
  const outputs = [to(`${name}.bpe`), to(`${name}.peer.bpe`)] as const;
  return {
    name,
    files: [input],
    command: ['apply-bpe', '-c', at('codes'), input, outputs[0]],
    peer: python('subword-nmt', 'subword-nmt', input, outputs[1], 'apply-bpe', '-c', at('codes')),
    outputs,
  };
}

const sides = `${at('words.train.de')},${at('words.train.en')}`;
const PIECES = '8000';
const sentencePiece = (...args: string[]): TextCase['peer'] => python('sentencepiece', ...args);

/** Training requires the add-on; encoding and decoding use the trained model. */
const SENTENCE_PIECE: readonly TextCase[] = [
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
    files: [at('words.train.en')],
    command: ['spm-encode', '--model', to('spm.model'), at('words.train.en'), to('spm.en')],
    peer: sentencePiece('spm-encode', to('spm.model'), at('words.train.en'), to('peer.en')),
    outputs: [to('spm.en'), to('peer.en')],
  },
  {
    name: 'spm-decode',
    files: [at('words.train.en')],
    command: ['spm-decode', '--model', to('spm.model'), to('spm.en'), to('joined.en')],
    peer: sentencePiece('spm-decode', to('spm.model'), to('spm.en'), to('peer.joined.en')),
    outputs: [to('joined.en'), to('peer.joined.en')],
  },
];

const CASES: readonly TextCase[] = [
  tokenize('tokenize de', 'de', at('raw.train.de')),
  tokenize('tokenize en', 'en', at('raw.train.en')),
  tokenize('tokenize de, ten times', 'de', tenRaw),
  {
    name: 'learn-bpe, 10,000 merges',
    files: [both],
    command: ['learn-bpe', '-s', '10000', both, to('codes10k')],
    peer: python('subword-nmt', 'subword-nmt', both, to('peer.codes10k'), 'learn-bpe', '-s', '10000'),
    outputs: [to('codes10k'), to('peer.codes10k')],
  },
  {
    name: 'learn-joint-bpe-and-vocab, 8,000 merges',
    files: [both],
    command: [
      ...['learn-joint-bpe-and-vocab', '--input', at('words.train.de'), at('words.train.en'), '-s', '8000'],
      ...['--output', to('codes'), '--write-vocabulary', to('vocab.de'), to('vocab.en')],
    ],
  },
  applyBpe('apply-bpe de', at('words.train.de')),
  applyBpe('apply-bpe de, ten times', tenLower),
  {
    name: 'preprocess, pairs',
    makes: to('data-bin'),
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
    command: [at('raw.train.en'), '-i', at('words.train.en'), '-m', 'bleu', 'chrf'],
    peer: python(
      'sacrebleu',
      ...['sacrebleu', '/dev/null', to('peer.score'), at('raw.train.en'), '-i', at('words.train.en')],
      ...['-m', 'bleu', 'chrf'],
    ),
    outputs: [to('score'), to('peer.score')],
  },
  ...(isAvailable().available ? SENTENCE_PIECE : []),
];

await compareTextTools(
  { name: 'text', data: text, repetitions },
  CASES.filter(({ name }) => name.includes(options.only ?? '')),
  options,
);
