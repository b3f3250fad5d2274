import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { sentencePieceTokenizer } from '../tokenizers/sentence-piece.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { Values } from './flags.js';
import { UserError } from './user-error.js';

/** sacrebleu's tokenizers of SentencePiece models; `spm` is that of any model. */
const NAMES: readonly string[] = ['spm', 'flores101', 'flores200', 'spBLEU-1K'];

/**
 * The tokenizer of the model that `--spm-model` names, by the npm package `sentencepiece-js`; null where it names none.
 * Signatures say the name after `--tokenize`, and for `spm` that of the file.
 * @throws UserError where the file is no model, `--tokenize` asks for something else, or the package is not installed
 */
export async function sentencePieceFrom({ spmModel, tokenize }: Values): Promise<Tokenizer | null> {
  if (spmModel === null) return null;
  const name = tokenize ?? 'spm';
  if (!NAMES.includes(name)) {
    throw new UserError(`--spm-model with --tokenize ${name}`, `the model is for one of ${NAMES.join(', ')}`);
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
    throw new UserError('--spm-model needs the package sentencepiece-js', 'install it beside sacrebleu-ts with npm');
  }
  const processor = new library.SentencePieceProcessor();
  try {
    await processor.load(path);
    // The package ignores whether a model loaded; a processor without one encodes everything as nothing.
    if (processor.encodePieces('a').length === 0) throw new Error('no model');
  } catch {
    throw new UserError(`${path} is not a SentencePiece model`, 'name the .model file');
  }
  return (segment) => {
    try {
      return processor.encodePieces(segment);
    } catch {
      // WebAssembly stops where a damaged model leads out of its memory.
      throw new UserError(`${path} does not encode a segment`, 'copy the .model file again: it is damaged');
    }
  };
}
