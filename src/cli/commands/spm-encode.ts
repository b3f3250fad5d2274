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
      help: 'format of the output; nbest_… writes several lines per input line',
    },
    nbestSize: {
      kind: 'int',
      default: null,
      min: -1,
      max: MOST_N_BEST,
      aliases: ['--nbest'],
      help: 'sample from the N best segmentations (-1: from all), or list them (default: 10)',
    },
    alpha: {
      kind: 'float',
      default: null,
      min: 0,
      help: 'sampling: probabilities are ∝ p^alpha (unigram), or each merge is skipped with probability alpha (bpe) (default: 0.5)',
    },
    extraOptions,
    vocabulary: {
      kind: 'string',
      default: null,
      metavar: 'FILE',
      help: 'use only the pieces of this file, written by --generate-vocabulary, and single characters',
    },
    vocabularyThreshold: {
      kind: 'int',
      default: 0,
      min: 0,
      help: 'ignore pieces of the vocabulary that occur fewer than N times',
    },
    generateVocabulary: {
      kind: 'boolean',
      default: false,
      takesValue: true,
      help: 'write the number of occurrences of each piece instead',
    },
    randomSeed: {
      kind: 'int',
      default: null,
      min: 0,
      max: 2 ** 32 - 2,
      aliases: ['--seed'],
      help: 'random seed for sampling (default: different in every run)',
    },
  }),
);

type Options = OptionsOf<typeof options>;
type Encoder = (line: string) => Iterable<string>;

export const spmEncodeCommand = defineCommand({
  name: 'spm-encode',
  description:
    'Splits text into the pieces of a SentencePiece model, as spm_encode does. --nbest-size or --alpha turns sampling on.',
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

/** Refuses options that the library does not apply to samples and n-best lists. spm_encode ignores them silently. */
function checkCombination(options: Options): void {
  const { extraOptions, generateVocabulary } = options;
  if (!isSampled(options) && !isList(options)) return;
  const flag = extraOptions !== null ? '--extra-options' : generateVocabulary ? '--generate-vocabulary' : null;
  if (flag === null) return;
  throw new UserError(
    `${flag} does not apply to samples and n-best lists`,
    'remove it, or use --output-format piece or id',
  );
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
    if (size < 1) throw new UserError(`--nbest-size ${size} is not a valid number of lines`, 'use at least 1');
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
