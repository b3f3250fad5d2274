import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkModel } from '../src/index.js';
import {
  bytesField,
  characterMap,
  type ModelParts,
  modelFile,
  SOUND_PIECES,
  UNKNOWN,
  unit,
  valueUnit,
  varintField,
} from './small-model.js';

const golden = (type: string): Buffer =>
  readFileSync(new URL(`../../../test/golden/text/spm/${type}.model`, import.meta.url));

// Of an `a` makes a `z`: the root's base is 1, the unit of `a` (0x61) at 1 ^ 0x61, its base there ^ 2, its value there.
const A = 1 ^ 0x61;
const RULES = { 0: unit(0, 1), [A]: unit(0x61, 2, true), [A ^ 2]: valueUnit(0) };

const BYTE_PIECES = Array.from({ length: 256 }, (_, byte) => ({
  text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  type: 6,
}));

it.each<{ title: string; file: Uint8Array }>([
  { title: 'a BPE model', file: golden('bpe') },
  { title: 'a unigram model', file: golden('unigram') },
  { title: 'one without specifications', file: modelFile() },
  { title: 'rules of normalisation', file: modelFile({ characterMap: characterMap(RULES, 'z\0') }) },
  {
    title: 'pieces for bytes',
    file: modelFile({ pieces: [...SOUND_PIECES, ...BYTE_PIECES], trainer: [varintField(35, 1)] }),
  },
  {
    title: 'a control symbol that is spelt as a piece of text',
    file: modelFile({ pieces: [...SOUND_PIECES, { text: 'a', type: 3 }] }),
  },
  {
    title: 'fields of a later format',
    file: Buffer.concat([modelFile(), bytesField(200, Buffer.from('x')), varintField(6, 7)]),
  },
])('finds nothing wrong with $title', ({ file }) => {
  checkModel(file);
});

const withPiece = (piece: object): ModelParts => ({ pieces: [...SOUND_PIECES, piece] });
const withRules = (units: Record<number, number>, replacements = 'z\0', size?: number): ModelParts => ({
  characterMap: characterMap(units, replacements, size),
});

it.each<{ parts: ModelParts; problem: string }>([
  { parts: { pieces: [] }, problem: 'it has no pieces' },
  { parts: withPiece({ text: '' }), problem: 'piece 3 is empty' },
  { parts: withPiece({ score: 1 }), problem: 'piece 3 is empty' },
  { parts: withPiece({ text: '\0b' }), problem: 'piece 3 contains a zero byte' },
  { parts: withPiece({ text: 'b\0' }), problem: 'piece 3 contains a zero byte' },
  { parts: withPiece({ text: Uint8Array.of(0xe2, 0x96) }), problem: 'piece 3 is not valid UTF-8' },
  { parts: withPiece({ text: 'b', score: Number.NaN }), problem: 'piece 3 has the score NaN' },
  { parts: withPiece({ text: 'b', score: Number.POSITIVE_INFINITY }), problem: 'piece 3 has the score Infinity' },
  { parts: withPiece({ text: 'b', type: 7 }), problem: 'piece 3 has the type 7, which does not exist' },
  { parts: withPiece({ text: 'b', type: 0 }), problem: 'piece 3 has the type 0, which does not exist' },
  { parts: withPiece({ text: 'a' }), problem: 'pieces 1 and 3 are the same' },
  { parts: withPiece({ text: 'a', type: 5 }), problem: 'pieces 1 and 3 are the same' },
  { parts: withPiece({ text: '<s>', type: 2 }), problem: 'it has 2 pieces for unknown characters; a model has one' },
  { parts: { pieces: [{ text: 'a' }] }, problem: 'it has 0 pieces for unknown characters; a model has one' },
  { parts: withPiece({ text: '<0x00>', type: 6 }), problem: 'it has pieces for bytes but does not use them' },
  { parts: { trainer: [varintField(35, 1)] }, problem: 'it has pieces for 0 of 256 bytes' },
  {
    parts: { ...withPiece({ text: '<0xG0>', type: 6 }), trainer: [varintField(35, 1)] },
    problem: "the piece '<0xG0>' is not a byte",
  },
  { parts: { trainer: [varintField(3, 5)] }, problem: 'unknown model type 5' },
  {
    parts: { pieces: [UNKNOWN, ...Array.from({ length: 65 }, (_, i) => ({ text: 'x'.repeat(i + 1), type: 4 }))] },
    problem: 'more than 64 of its symbols are prefixes of each other',
  },
  { parts: { characterMap: Buffer.from('abc') }, problem: 'its table does not fit' },
  { parts: { characterMap: Buffer.from([8, 0, 0, 0, 1, 2, 3, 4, 0]) }, problem: 'its table does not fit' },
  { parts: withRules(RULES, 'z'), problem: 'its replacements are not valid UTF-8' },
  { parts: withRules(RULES, '\0'.repeat(3), 2), problem: 'a rule leads out of its table' },
  { parts: withRules({ ...RULES, [A]: unit(0x61, 0x3000) }), problem: 'a rule leads out of its table' },
  { parts: withRules({ ...RULES, [A ^ 2]: valueUnit(1) }), problem: 'a rule has no replacement' },
  { parts: withRules({ ...RULES, [A ^ 2]: valueUnit(99) }), problem: 'a rule has no replacement' },
  // `a` leads back to the unit after the root: an endless cycle.
  {
    parts: withRules({ 0: unit(0, 1), [A]: unit(0x61, A ^ 1, true), 1: valueUnit(0) }),
    problem: 'too many of its rules are prefixes of each other',
  },
  { parts: { decodingCharacterMap: characterMap(RULES, 'z') }, problem: 'its replacements are not valid UTF-8' },
])('says "$problem"', ({ parts, problem }) => {
  expect(() => checkModel(modelFile(parts))).toThrow(problem);
});

it.each([
  { title: 'text', file: Buffer.from('# a text'), problem: 'byte 0 does not start a field of a model' },
  { title: 'a truncated file', file: modelFile().subarray(0, -1), problem: /is truncated/ },
  { title: 'a length without an end', file: Buffer.alloc(11, 0x8a), problem: 'the number at byte 0 has no end' },
  { title: 'a field of the wrong type', file: varintField(1, 3), problem: /has the wrong type/ },
  { title: 'a tag above 32 bits', file: varintField(2 ** 29, 3), problem: 'byte 0 does not start a field of a model' },
])('refuses $title', ({ file, problem }) => {
  expect(() => checkModel(file)).toThrow(problem);
});
