/** How fast does translation run, over beams and sizes of batches? */
import { join } from 'node:path';
import { runCommand } from './harness/command.js';
import { copyOfSplit } from './harness/copy-of-split.js';
import { measurePeak } from './harness/gemm-peak.js';
import { generationGemms, linears, modelSize, vocabularySize } from './harness/model-size.js';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { percent, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({
  model: { type: 'string', default: 'iwslt' }, // of random weights, or what --path was trained as: iwslt or small
  path: { type: 'string' }, // a checkpoint; without it random weights and STEPS tokens a sentence
  beams: { type: 'string' },
  batches: { type: 'string' },
  sentences: { type: 'string' },
});
const { threads, short } = options;
const model = modelSize(options.model);
const numbers = (list: string): number[] => list.split(',').map(Number);
const beams = numbers(options.beams ?? (short ? '1,5' : '1,4,5,10'));
const batches = numbers(options.batches ?? (short ? '1,128' : '1,4,16,64,128,256'));

/** Tokens of every translation where the weights are random: about those of Multi30k. */
const STEPS = 15;
const PEAK_REPETITIONS = 5;
const SPEED = /\(([\d.]+) sentences\/s, ([\d.]+) tokens\/s\)/;

const data = requireData(options.data);
const vocab = vocabularySize(`${data}/dict.en.txt`);
const work = temporaryFolder();

/** A checkpoint of the model as it is before training: one update at a rate that moves nothing. */
async function randomCheckpoint(): Promise<string> {
  const recipe = ['--max-tokens', '512', '--max-update', '1', '--lr', '1e-12', '--disable-validation', '--seed', '1'];
  await runCommand(['train', data, ...model.flags, ...recipe, '--save-dir', work], threads);
  return join(work, 'checkpoint_last');
}

interface Row {
  readonly beam: number;
  readonly batch: number;
  readonly sentences: number;
  readonly sentencesPerSecond: number;
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly peak: number;
  readonly peakBytes: number;
}

/** 2 · parameters in matrix products · rows: source tokens once, and beam rows for every token of a translation. */
function flopsPerSentence(beam: number, source: number, target: number): number {
  const parameters = (side: 'source' | 'target'): number =>
    linears(model, vocab)
      .filter(({ rows }) => (rows === 'source') === (side === 'source'))
      .reduce((sum, linear) => sum + linear.in * linear.out * linear.count, 0);
  return 2 * (parameters('source') * source + parameters('target') * beam * target);
}

async function measure(path: string, beam: number, batch: number): Promise<Row> {
  const wanted = Number(options.sentences ?? Math.max(2 * batch, short ? 16 : 64));
  const folder = join(work, `${wanted}`);
  const { sentences, sourceTokens } = copyOfSplit(data, folder, wanted);
  const source = sourceTokens / sentences;
  const lengths = ['--min-len', String(STEPS), '--max-len-a', '0', '--max-len-b', String(STEPS)];
  const { messages, peakBytes } = await runCommand(
    [
      ...['generate', folder, '--path', path, '--beam', String(beam), '--batch-size', String(batch), '--quiet'],
      ...['--threads', String(threads), ...(options.path === undefined ? lengths : [])],
    ],
    threads,
  );
  const speed = messages.map((message) => SPEED.exec(message)).find((match) => match !== null);
  if (speed == null) throw new Error('generate logged no speed');
  const [sentencesPerSecond, tokensPerSecond] = [Number(speed[1]), Number(speed[2])];
  const target = tokensPerSecond / sentencesPerSecond;
  const sizes = { sourceTokens: Math.round(batch * source), rows: batch * beam, steps: Math.round(target) };
  return {
    ...{ beam, batch, sentences, sentencesPerSecond, tokensPerSecond, peakBytes },
    gflops: (flopsPerSentence(beam, source, target) * sentencesPerSecond) / 1e9,
    peak: measurePeak(generationGemms(model, vocab, sizes), {
      ...{ precision: 'float32', threads, repetitions: PEAK_REPETITIONS },
    }).mean,
  };
}

const path = options.path ?? (await randomCheckpoint());
const rows: Row[] = [];
for (const beam of beams) {
  for (const batch of batches) {
    progress(`beam ${beam}, batch ${batch}`);
    rows.push(await measure(path, beam, batch));
  }
}
publish(
  {
    benchmark: 'generation',
    note:
      `${model.name}, float32, ${options.path ?? `random weights, ${STEPS} tokens a sentence`}; GFLOPS: 2 · parameters in ` +
      'products · (source tokens, beam · target tokens); peak: oneDNN alone on the shapes of one step',
    columns: [
      { heading: 'beam', value: ({ beam }) => beam },
      { heading: 'batch', value: ({ batch }) => batch },
      { heading: 'sentences', value: ({ sentences }) => sentences },
      { heading: 'sentences/s', value: ({ sentencesPerSecond }) => sentencesPerSecond, digits: 1 },
      { heading: 'tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond },
      { heading: 'GFLOPS', value: ({ gflops }) => gflops, digits: 1 },
      { heading: 'peak', value: ({ peak }) => peak, digits: 1 },
      { heading: 'ratio', value: ({ gflops, peak }) => percent(gflops / peak) },
      { heading: 'GiB', value: ({ peakBytes }) => peakBytes / 2 ** 30, digits: 2 },
    ],
    rows,
  },
  options,
);
