import { join } from 'node:path';
import { postProcess } from '../data/post-process.js';
import type { TextCodec } from '../text/codec.js';
import type { DecodeStep, EncodeStep, Manifest } from './manifest.js';

/** Changes a line. */
type LineFunction = (line: string) => string;

/** A value of `Steps`: makes the function of a step. `folder` has the files that steps name. */
type Maker<Step> = (step: Step, folder: string) => LineFunction | Promise<LineFunction>;

/** The maker of every kind of step. */
type Steps<Step extends { readonly step: string }> = {
  readonly [Name in Step['step']]: Maker<Extract<Step, { readonly step: Name }>>;
};

const ENCODE: Steps<EncodeStep> = {
  'normalize-unicode': () => (line) => line.normalize('NFC'),
  'normalize-punctuation': async ({ language }) =>
    (await import('../text/moses/normalize-punctuation.js')).createPunctuationNormalizer(language),
  tokenize: async ({ step: _, ...options }) =>
    (await import('../text/moses/tokenizer.js')).createMosesTokenizer(options),
  lowercase: async () => (await import('../text/moses/lowercase.js')).lowercase,
  truecase: async ({ file }, folder) => {
    const { createTruecaser, parseTruecaseModel } = await import('../text/moses/truecase.js');
    const { readLines } = await import('../text/lines.js');
    const path = join(folder, file);
    return createTruecaser(parseTruecaseModel(readLines(path), path));
  },
  'split-subwords': async ({ file, separator }, folder) =>
    (await import('../text/bpe/codec.js')).createBpeCodec(join(folder, file), separator).encode,
  'split-sentencepiece': async ({ file }, folder) =>
    (await (await import('../text/sentencepiece/codec.js')).loadSentencePieceCodec(join(folder, file))).encode,
};

const DECODE: Steps<DecodeStep> = {
  'join-subwords': async ({ separator }) => (await import('../text/bpe/codec.js')).subwordJoiner(separator),
  'join-sentencepiece': () => (line) => postProcess(line, 'sentencepiece'),
  detruecase: async () => (await import('../text/moses/detruecase.js')).detruecase,
  detokenize: async ({ language }) => (await import('../text/moses/detokenizer.js')).createMosesDetokenizer(language),
};

/**
 * The codec between sentences and tokens of a model.
 * @param folder the folder with the files that the steps name
 * @throws UserError if a file is missing or damaged
 */
export async function createPipeline(
  { encode, decode, languages }: Pick<Manifest, 'encode' | 'decode' | 'languages'>,
  folder: string,
): Promise<TextCodec> {
  const encoders = await Promise.all(encode.map((step) => makerOf(ENCODE, step)(step, folder)));
  const decoders = await Promise.all(decode.map((step) => makerOf(DECODE, step)(step, folder)));
  const phraseEncoders = await Promise.all(
    encode.flatMap((step, index) => {
      if (step.step === 'truecase') return []; // it knows the source language, and the beginnings of sentences
      if (!('language' in step)) return [encoders[index]!];
      return [makerOf(ENCODE, step)({ ...step, language: languages.target }, folder)];
    }),
  );
  return { encode: chain(encoders), encodePhrase: chain(phraseEncoders), decode: chain(decoders) };
}

/** The maker of a step. The table has the right type for every name; TypeScript cannot follow that for a union. */
const makerOf = <Step extends { readonly step: string }>(steps: Steps<Step>, { step }: Step): Maker<Step> =>
  steps[step as Step['step']] as unknown as Maker<Step>;

const chain =
  (functions: readonly LineFunction[]): LineFunction =>
  (line) =>
    functions.reduce((text, change) => change(text), line);

/** The value of `--remove-bpe` that joins the subwords of a model; null if there is none, or only `decode` joins them. */
export function subwordScheme({ encode }: Pick<Manifest, 'encode'>): string | null {
  for (const step of encode) {
    if (step.step === 'split-sentencepiece') return 'sentencepiece';
    if (step.step === 'split-subwords' && step.separator === '@@') return 'subword_nmt';
  }
  return null;
}
