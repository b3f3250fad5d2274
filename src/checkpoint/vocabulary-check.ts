import { UserError } from '../errors.js';
import type { Checkpoint, CheckpointOutline } from './stored-checkpoint.js';

/** A language of the data. */
export interface Side {
  readonly language: string;
  readonly size: number; // number of symbols in its dictionary
}

/** Whether a checkpoint records its dictionaries. fairseq's checkpoints do not. */
export const knowsDictionaries = ({ metadata }: Pick<Checkpoint, 'metadata'>): boolean =>
  Object.keys(metadata.dictionaries).length > 0;

/**
 * Checks a checkpoint that does not record its dictionaries: compares the languages, if recorded, and the vocabulary
 * sizes.
 * @throws UserError that names the language
 */
export function checkVocabularySizes(
  stem: string,
  { metadata, weights }: CheckpointOutline,
  sides: { readonly source: Side; readonly target: Side },
  remedy = 'use the data that it was trained on, or preprocess with --srcdict and --tgtdict',
): void {
  const { source, target } = metadata.languages;
  const { language: sourceLang } = sides.source;
  const { language: targetLang } = sides.target;
  if ((source !== null && source !== sourceLang) || (target !== null && target !== targetLang)) {
    throw new UserError(
      `${stem} translates ${source}-${target}, not ${sourceLang}-${targetLang}`,
      'use the data that it was trained on',
    );
  }
  const encoder = weights.get('encoder.embed_tokens.weight');
  const decoder = weights.get('decoder.embed_tokens.weight') ?? encoder;
  for (const [{ language, size }, table] of [
    [sides.source, encoder],
    [sides.target, decoder],
  ] as const) {
    const rows = table?.shape[0];
    if (rows === undefined || rows === size) continue;
    throw new UserError(`dict.${language}.txt has ${size} symbols, but ${stem} was trained with ${rows}`, remedy);
  }
}
