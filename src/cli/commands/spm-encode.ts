import { UserError } from '../../errors.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { readLines, writeLinesAtomically } from '../../text/lines.js';
import { readPieceVocabulary } from '../../text/sentencepiece/piece-vocabulary.js';
import { MOST_N_BEST, type SentencePiece, seedSampling } from '../../text/sentencepiece/processor.js';
import { defineCommand } from '../command.js';
import { fileOptions, filesOf, filterArguments } from '../filters/filter-lines.js';
import {
  extraOptions,
  loadModel,
  modelOptions,
  NO_LOG,
  unsupportedWithUnderscores,
  withUnderscores,
} from '../options/spm-options.js';

const options = withUnderscores(
  defineOptions({
    ...modelOptions,
    ...fileOptions,
    outputFormat: {
      kind: 'choice',
      choices: ['piece', 'id', 'sample_piece', 'sample_id', 'nbest_piece', 'nbest_id'],
      default: 'piece',
      help: 'what to write; nbest_… writes several lines for each',
    },
    nbestSize: {
      kind: 'int',
      default: null,
      min: -1,
      max: MOST_N_BEST,
      aliases: ['--nbest'],
      help: 'sample from this many best segmentations (-1: all), or list them; 10 without it',
    },
    alpha: {
      kind: 'float',
      default: null,
      min: 0,
      help: 'sample: with probabilities ∝ p^alpha (unigram) or leaving out merges (bpe); 0.5 without it',
    },
    extraOptions,
    vocabulary: {
      kind: 'string',
      default: null,
      metavar: 'FILE',
      help: 'give only these pieces, beside single characters; lines of --generate-vocabulary',
    },
    vocabularyThreshold: {
      kind: 'int',
      default: 0,
      min: 0,
      help: 'and of them only those that occur this often',
    },
    generateVocabulary: { kind: 'boolean', default: false, takesValue: true, help: 'count the pieces instead' },
    randomSeed: {
      kind: 'int',
      default: null,
      min: 0,
      max: 2 ** 32 - 2,
      aliases: ['--seed'],
      help: 'seed of sampling; without it every run differs',
    },
  }),
);

type Options = OptionsOf<typeof options>;
type Encoder = (line: string) => Iterable<string>;

export const spmEncodeCommand = defineCommand({
  name: 'spm-encode',
  description:
    'Splits text into the pieces of a SentencePiece model as spm_encode does. --nbest-size or --alpha asks for samples.',
  arguments: filterArguments,
  options,
  unsupported: unsupportedWithUnderscores({ '--minloglevel': NO_LOG }),
  examples: [
    'ts-fairseq spm-encode --model spm.model < test.de > test.spm.de',
    'ts-fairseq spm-encode --model spm.model --nbest-size -1 --alpha 0.1 --seed 1 train.de train.sampled.de',
  ],
  async run({ args, options }) {
    const [input, output] = filesOf(args, options);
    const model = await loadModel(options.model);
    checkCombination(options);
    const { vocabulary, vocabularyThreshold, extraOptions, generateVocabulary } = options;
    if (vocabulary !== null) model.restrictVocabulary(readPieceVocabulary(vocabulary, vocabularyThreshold));
    if (extraOptions !== null) model.setEncodeOptions(extraOptions);
    const lines = readLines(input);
    writeLinesAtomically(
      output,
      generateVocabulary ? vocabularyLines(model, lines) : encodeLines(lines, createEncoder(model, options)),
    );
  },
});

/** What the library does not do with samples and n-best lists, spm_encode leaves out without a word. */
function checkCombination(options: Options): void {
  const { extraOptions, generateVocabulary } = options;
  if (!isSampled(options) && !isList(options)) return;
  const ofSegmentation =
    extraOptions !== null ? '--extra-options' : generateVocabulary ? '--generate-vocabulary' : null;
  if (ofSegmentation === null) return;
  throw new UserError(`${ofSegmentation} is not for samples and n-best lists`, 'leave it out, or write piece or id');
}

const isList = ({ outputFormat }: Options): boolean => outputFormat.startsWith('nbest_');
const isSampled = ({ outputFormat, nbestSize, alpha }: Options): boolean =>
  !outputFormat.startsWith('nbest_') && (outputFormat.startsWith('sample_') || nbestSize !== null || alpha !== null);

function* vocabularyLines(model: SentencePiece, lines: Iterable<string>): Generator<string> {
  for (const [piece, count] of model.countPieces(lines)) yield `${piece}\t${count}`;
}

function* encodeLines(lines: Iterable<string>, encode: Encoder): Generator<string> {
  for (const line of lines) yield* encode(line);
}

function createEncoder(model: SentencePiece, options: Options): Encoder {
  const { outputFormat, nbestSize, alpha, randomSeed } = options;
  const ids = outputFormat.endsWith('id');
  if (isList(options)) {
    const size = nbestSize ?? DEFAULT_N_BEST;
    if (size < 1) throw new UserError(`--nbest-size: ${size} is not a number of lines to write`, 'the least is 1');
    return (line) => joined(ids ? model.nBestIds(line, size) : model.nBestPieces(line, size));
  }
  if (isSampled(options)) {
    if (randomSeed !== null) seedSampling(randomSeed);
    const sampling = { nBestSize: nbestSize ?? DEFAULT_N_BEST, alpha: alpha ?? DEFAULT_ALPHA };
    return (line) => joined([ids ? model.sampleIds(line, sampling) : model.samplePieces(line, sampling)]);
  }
  if (randomSeed !== null) throw new UserError('--random-seed requires sampling', 'add --alpha or --nbest-size');
  return (line) => [ids ? model.encodeIds(line).join(' ') : model.encodeLine(line)];
}

const DEFAULT_N_BEST = 10;
const DEFAULT_ALPHA = 0.5;

const joined = (lists: ReadonlyArray<readonly (string | number)[]>): string[] => lists.map((list) => list.join(' '));
