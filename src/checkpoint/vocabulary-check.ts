import { UserError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import type { CheckpointOutline } from './stored-checkpoint.js';

/** A language of the data at hand. */
export interface Side {
  readonly language: string;
  readonly size: number; // symbols of its dictionary
}

/** Whether a checkpoint says which dictionaries it was trained with; fairseq's do not. */
export const knowsDictionaries = ({ metadata }: Pick<Checkpoint, 'metadata'>): boolean =>
  Object.keys(metadata.dictionaries).length > 0;

/**
 * What can be checked of a checkpoint that says nothing about its dictionaries: the languages, where it names them, and
 * the sizes of the vocabularies.
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
    throw new UserError(`dict.${language}.txt has ${size} symbols, ${stem} was trained with ${rows}`, remedy);
  }
}
