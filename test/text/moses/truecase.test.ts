import { expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { compareCodePoints } from '../../../src/text/code-points.js';
import {
  countCasings,
  createTruecaser,
  parseTruecaseModel,
  truecaseModelLines,
} from '../../../src/text/moses/truecase.js';
import { goldenLines } from '../golden.js';

const casings = (line: string): string[] => {
  const [word, share, ...others] = line.split(' ');
  const pairs = [`${word} ${share!.replace(/\/.*/, ')')}`];
  for (let index = 0; index < others.length; index += 2) pairs.push(`${others[index]} ${others[index + 1]}`);
  return pairs;
};

test('the model has the casings and counts of train-truecaser.perl', () => {
  const model = [...truecaseModelLines(countCasings(goldenLines('moses/test.tok.en')))];
  const sorted = (lines: string[]): string[] => lines.flatMap(casings).sort(compareCodePoints);
  expect(sorted(model)).toEqual(sorted(goldenLines('moses/truecase-model.en')));
});

test('a text is truecased like by truecase.perl', () => {
  const truecase = createTruecaser(parseTruecaseModel(goldenLines('moses/truecase-model.en'), 'model'));
  expect(goldenLines('moses/test.tok.en').map(truecase)).toEqual(goldenLines('moses/test.true.en'));
});

test.each([
  ['first words get their usual case', 'The House . The end', 'the House . the end'],
  ['quotes do not start a sentence', '&quot; The end', '&quot; the end'],
  ['factors stay', 'The|DT end', 'the|DT end'],
  ['tags stay, and join the word before them as in Moses', '<s> The </s> End', '<s> the</s> end'],
])('%s', (_, line, expected) => {
  const model = parseTruecaseModel(['the (9/9)', 'end (2/2)', 'House (1/1)'], 'model');
  expect(createTruecaser(model)(line)).toBe(expected);
});

test('first tokens count if requested, with weight 0.1 if alone', () => {
  expect([...truecaseModelLines(countCasings(['Word', 'word again', 'Word', 'Word x'], true))]).toEqual([
    'word (1/1.2) Word (0.2)',
    'again (1/1)',
    'x (1/1)',
  ]);
});

test.each([
  ['a text', ['ein Satz'], 'model line 1: "ein Satz" is not "<word> (<count>/<total>) …"'],
  ['a word without count', ['the (9/9) The'], 'model line 1'],
  ['an empty file', [], 'model is empty'],
])('%s is refused as a model', (_, lines, message) => {
  expect(() => parseTruecaseModel(lines, 'model')).toThrow(UserError);
  expect(() => parseTruecaseModel(lines, 'model')).toThrow(message);
});
