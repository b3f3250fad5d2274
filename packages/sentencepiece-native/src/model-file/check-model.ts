import { isUtf8 } from 'node:buffer';
import { checkCharacterMap } from './character-map.js';
import { type ModelProto, PIECE_TYPES, type Piece, readModelProto } from './model-proto.js';

/**
 * Checks that the library can safely load and use a .model file. A damaged file makes it read invalid memory, abort the
 * process or throw unexpected errors.
 * @throws Error that says what is wrong, e.g. `piece 7 is empty`
 */
export function checkModel(file: Uint8Array): void {
  const model = readModelProto(file);
  if (model.pieces.length === 0) throw new Error('it has no pieces');
  if (!MODEL_TYPES.includes(model.modelType)) throw new Error(`unknown model type ${model.modelType}`);
  for (const [index, piece] of model.pieces.entries()) {
    const problem = problemOf(piece);
    if (problem !== null) throw new Error(`piece ${index} ${problem}`);
  }
  checkUnknown(model.pieces);
  checkRepetitions(model.pieces);
  checkBytePieces(model);
  checkNesting(model.pieces);
  checkCharacterMap(model.characterMap);
  checkCharacterMap(model.decodingCharacterMap);
}

const MODEL_TYPES: readonly number[] = [1, 2, 3, 4];
const TYPES: readonly number[] = Object.values(PIECE_TYPES);

function problemOf({ text, score, type }: Piece): string | null {
  if (text.length === 0) return 'is empty';
  if (text.includes(0)) return 'contains a zero byte';
  if (!isUtf8(text)) return 'is not valid UTF-8';
  if (!Number.isFinite(score)) return `has the score ${score}`;
  if (!TYPES.includes(type)) return `has the type ${type}, which does not exist`;
  return null;
}

function checkUnknown(pieces: readonly Piece[]): void {
  const count = pieces.filter(({ type }) => type === PIECE_TYPES.unknown).length;
  if (count !== 1) throw new Error(`it has ${count} pieces for unknown characters; a model has one`);
}

/** The library stores pieces of text and other pieces in two tables; in each, pieces must be unique. */
function checkRepetitions(pieces: readonly Piece[]): void {
  const tables = [new Map<string, number>(), new Map<string, number>()] as const;
  for (const [index, { text, type }] of pieces.entries()) {
    const table = tables[isInText(type) ? 0 : 1];
    const name = latin1(text);
    const first = table.get(name);
    if (first !== undefined) throw new Error(`pieces ${first} and ${index} are the same`);
    table.set(name, index);
  }
}

const isInText = (type: number): boolean =>
  type === PIECE_TYPES.normal || type === PIECE_TYPES.userDefined || type === PIECE_TYPES.unused;

/** A model that splits unknown characters into bytes has a piece for each byte, `<0x00>` to `<0xFF>`. */
function checkBytePieces({ pieces, byteFallback }: ModelProto): void {
  const names = pieces.filter(({ type }) => type === PIECE_TYPES.byte).map(({ text }) => latin1(text));
  if (!byteFallback && names.length > 0) throw new Error('it has pieces for bytes but does not use them');
  const wrong = names.find((name) => !/^<0x[0-9A-F]{2}>$/.test(name));
  if (wrong !== undefined) throw new Error(`the piece '${wrong}' is not a byte`);
  if (byteFallback && names.length !== 256) throw new Error(`it has pieces for ${names.length} of 256 bytes`);
}

/** The maximum number of user-defined symbols that match at one position of a text (`PrefixMatcher::PrefixMatch`). */
const MOST_NESTED = 64;

/** Checks the number of user-defined symbols that are prefixes of each other and so match at the same position. */
function checkNesting(pieces: readonly Piece[]): void {
  const symbols = pieces.filter(({ type }) => type === PIECE_TYPES.userDefined).map(({ text }) => latin1(text));
  const open: string[] = [];
  for (const symbol of symbols.sort()) {
    while (open.length > 0 && !symbol.startsWith(open.at(-1)!)) open.pop();
    open.push(symbol);
    if (open.length > MOST_NESTED)
      throw new Error(`more than ${MOST_NESTED} of its symbols are prefixes of each other`);
  }
}

/** One character per byte, so that strings compare like bytes. */
const latin1 = (text: Uint8Array): string => Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
