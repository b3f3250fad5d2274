import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { sentencePieceTokenizer } from '../tokenizers/sentence-piece.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { Values } from './flags.js';
import { UserError } from './user-error.js';

/** sacrebleu's tokenizers with SentencePiece models; `spm` is for any model. */
const NAMES: readonly string[] = ['spm', 'flores101', 'flores200', 'spBLEU-1K'];

/**
 * The tokenizer with the model of `--spm-model`, loaded by the npm package `sentencepiece-js`; null without the option.
 * Signatures contain the name of `--tokenize` or, for `spm`, that of the file.
 * @throws UserError if the file is not a model, `--tokenize` is a different tokenizer, or the package is not installed
 */
export async function sentencePieceFrom({ spmModel, tokenize }: Values): Promise<Tokenizer | null> {
  if (spmModel === null) return null;
  const name = tokenize ?? 'spm';
  if (!NAMES.includes(name)) {
    throw new UserError(`--spm-model with --tokenize ${name}`, `use --tokenize with one of ${NAMES.join(', ')}`);
  }
  const encode = await loadEncoder(spmModel);
  return sentencePieceTokenizer(name === 'spm' ? `spm-${basename(spmModel, '.model')}` : name, encode);
}

async function loadEncoder(path: string): Promise<(segment: string) => string[]> {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new UserError(`${path} cannot be read`, 'name the .model file of SentencePiece');
  }
  const library = await import('sentencepiece-js').catch(() => null);
  if (library === null) {
    throw new UserError('--spm-model requires the package sentencepiece-js', 'install it with npm');
  }
  const processor = new library.SentencePieceProcessor();
  try {
    await processor.load(path);
    // The package does not report loading errors; without a model, every text has no pieces.
    if (processor.encodePieces('a').length === 0) throw new Error('no model');
  } catch {
    throw new UserError(`${path} is not a SentencePiece model`, 'name the .model file');
  }
  return (segment) => {
    try {
      return processor.encodePieces(segment);
    } catch {
      // A damaged model makes WebAssembly access memory out of bounds, which throws.
      throw new UserError(`${path} is damaged: it fails to encode a segment`, 'copy the .model file again');
    }
  };
}
