/** How fast is translation for different beams and batch sizes? */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointFile } from '../src/checkpoint/checkpoint-path.js';
import { loadDictionary } from '../src/data/dictionary-file.js';
import { openIndexedDataset } from '../src/data/indexed-dataset.js';
import { runCommand } from './harness/command.js';
import { copyOfSplit } from './harness/copy-of-split.js';
import { measurePeak } from './harness/gemm-peak.js';
import { generationGemms, linears, modelSize, vocabularySize } from './harness/model-size.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository, requireData } from './harness/paths.js';
import { percent, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({
  model: { type: 'string', default: 'iwslt' }, // of random weights, or what --path was trained as: iwslt or small
  path: { type: 'string' }, // a checkpoint; without it random weights and STEPS tokens a sentence
  beams: { type: 'string' },
  batches: { type: 'string' },
  sentences: { type: 'string' },
  precisions: { type: 'string', default: 'float32,bfloat16,int8' },
  peers: { type: 'string' }, // a Python with ctranslate2 and numpy
});
const { threads, short } = options;
const model = modelSize(options.model);
const numbers = (list: string): number[] => list.split(',').map(Number);
const beams = numbers(options.beams ?? (short ? '1,5' : '1,4,5,10'));
const batches = numbers(options.batches ?? (short ? '1,128' : '1,4,16,64,128,256'));

/** Tokens per translation with random weights; about as many as in Multi30k. */
const STEPS = 15;
const PEAK_REPETITIONS = 5;
const SPEED = /\(([\d.]+) sentences\/s, ([\d.]+) tokens\/s\)/;

const data = requireData(options.data);
const vocab = vocabularySize(`${data}/dict.en.txt`);
const work = temporaryFolder();

/** Writes a checkpoint of the untrained model: one update at a learning rate that changes nothing. */
async function randomCheckpoint(): Promise<string> {
  const recipe = ['--max-tokens', '512', '--max-update', '1', '--lr', '1e-12', '--disable-validation', '--seed', '1'];
  await runCommand(['train', data, ...model.flags, ...recipe, '--save-dir', work], threads);
  return join(work, 'checkpoint_last');
}

/** What the peers get from our run. */
const PRECISIONS = {
  float32: { flags: [], peer: true },
  bfloat16: { flags: ['--bf16'], peer: false },
  int8: { flags: ['--int8'], peer: true },
} as const;
type Precision = keyof typeof PRECISIONS;

interface Speed {
  readonly sentencesPerSecond: number;
  readonly tokensPerSecond: number;
  readonly peakBytes: number;
}

interface Row extends Speed {
  readonly engine: 'ts-fairseq' | 'CTranslate2';
  readonly precision: Precision;
  readonly beam: number;
  readonly batch: number;
  readonly sentences: number;
  readonly gflops: number;
  readonly peak: number;
}

interface Setting {
  readonly path: string;
  readonly folder: string;
  readonly precision: Precision;
  readonly beam: number;
  readonly batch: number;
}

/** 2 · parameters in matrix products · rows: one per source token, and one per beam for every token of a translation. */
function flopsPerSentence(beam: number, source: number, target: number): number {
  const parameters = (side: 'source' | 'target'): number =>
    linears(model, vocab)
      .filter(({ rows }) => (rows === 'source') === (side === 'source'))
      .reduce((sum, linear) => sum + linear.in * linear.out * linear.count, 0);
  return 2 * (parameters('source') * source + parameters('target') * beam * target);
}

async function ours({ path, folder, precision, beam, batch }: Setting): Promise<Speed> {
  const lengths = ['--min-len', String(STEPS), '--max-len-a', '0', '--max-len-b', String(STEPS)];
  const { messages, peakBytes } = await runCommand(
    [
      ...['generate', folder, '--path', path, '--beam', String(beam), '--batch-size', String(batch), '--quiet'],
      ...['--threads', String(threads), ...PRECISIONS[precision].flags],
      ...(options.path === undefined ? lengths : []),
    ],
    threads,
  );
  const speed = messages.map((message) => SPEED.exec(message)).find((match) => match !== null);
  if (speed == null) throw new Error('generate logged no speed');
  return { sentencesPerSecond: Number(speed[1]), tokensPerSecond: Number(speed[2]), peakBytes };
}

/** Translates with the same checkpoint in CTranslate2; with random weights the same number of steps as ours, including `</s>`. */
function peers(python: string, { path, folder, precision, beam, batch }: Setting): Speed {
  const request = {
    ...{
      checkpoint: checkpointFile(path),
      data: folder,
      sentences: join(folder, 'source.json'),
      precision,
      beam,
      batch,
    },
    ...{ threads, steps: options.path === undefined ? STEPS + 1 : null },
  };
  const { status, stdout, stderr } = spawnSync(
    python,
    [inRepository('bench/peers/translation.py'), JSON.stringify(request)],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`bench/peers/translation.py failed:\n${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Speed;
}

/** Runs ours, then CTranslate2. */
async function measure(path: string, precision: Precision, beam: number, batch: number): Promise<Row[]> {
  const wanted = Number(options.sentences ?? Math.max(2 * batch, short ? 16 : 64));
  const folder = join(work, `${wanted}`);
  const { sentences, sourceTokens } = copyOfSplit(data, folder, wanted);
  const source = sourceTokens / sentences;
  const setting = { path, folder, precision, beam, batch };
  const speeds: [Row['engine'], Speed][] = [['ts-fairseq', await ours(setting)]];
  if (options.peers !== undefined && PRECISIONS[precision].peer) {
    writeFileSync(join(folder, 'source.json'), JSON.stringify(sourceSentences(folder)));
    speeds.push(['CTranslate2', peers(options.peers, setting)]);
  }
  const { sentencesPerSecond, tokensPerSecond } = speeds[0]![1];
  const target = tokensPerSecond / sentencesPerSecond;
  const sizes = { sourceTokens: Math.round(batch * source), rows: batch * beam, steps: Math.round(target) };
  // Our int8 products are not oneDNN's, so there is no peak for int8.
  const peak =
    precision === 'int8'
      ? Number.NaN
      : measurePeak(generationGemms(model, vocab, sizes), { precision, threads, repetitions: PEAK_REPETITIONS }).mean;
  return speeds.map(([engine, speed]) => ({
    ...{ engine, precision, beam, batch, sentences, peak },
    ...{
      sentencesPerSecond: speed.sentencesPerSecond,
      tokensPerSecond: speed.tokensPerSecond,
      peakBytes: speed.peakBytes,
    },
    gflops: (flopsPerSentence(beam, source, target) * speed.sentencesPerSecond) / 1e9,
  }));
}

/** The source sentences as symbols, without `</s>`. */
function sourceSentences(folder: string): string[][] {
  const dictionary = loadDictionary(join(folder, 'dict.de.txt'));
  const split = openIndexedDataset(join(folder, 'test.de-en.de'));
  try {
    return Array.from({ length: split.sizes.length }, (_, at) =>
      Array.from(split.sentence(at).slice(0, -1), (id) => dictionary.symbol(id)),
    );
  } finally {
    split.close();
  }
}

const path = options.path ?? (await randomCheckpoint());
const rows: Row[] = [];
for (const beam of beams) {
  for (const batch of batches) {
    for (const precision of options.precisions.split(',') as Precision[]) {
      progress(`beam ${beam}, batch ${batch}, ${precision}`);
      rows.push(...(await measure(path, precision, beam, batch)));
    }
  }
}
publish(
  {
    benchmark: 'generation',
    note:
      `${model.name}, ${options.path ?? `random weights, ${STEPS} tokens a sentence and </s>`}; GFLOPS: 2 · parameters in ` +
      'products · (source tokens, beam · target tokens); peak: oneDNN alone on the shapes of one step',
    columns: [
      { heading: 'beam', value: ({ beam }) => beam },
      { heading: 'batch', value: ({ batch }) => batch },
      { heading: 'precision', value: ({ precision }) => precision },
      { heading: 'engine', value: ({ engine }) => engine },
      { heading: 'sentences', value: ({ sentences }) => sentences },
      { heading: 'sentences/s', value: ({ sentencesPerSecond }) => sentencesPerSecond, digits: 1 },
      { heading: 'tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond },
      { heading: 'ms/sentence', value: ({ sentencesPerSecond }) => 1000 / sentencesPerSecond, digits: 2 },
      { heading: 'GFLOPS', value: ({ gflops }) => gflops, digits: 1 },
      { heading: 'peak', value: ({ peak }) => peak, digits: 1 },
      { heading: 'ratio', value: ({ gflops, peak }) => percent(gflops / peak) },
      { heading: 'GiB', value: ({ peakBytes }) => peakBytes / 2 ** 30, digits: 2 },
    ],
    rows,
  },
  options,
);
