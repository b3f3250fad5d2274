import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { SentencePiece } from '../../../src/text/sentencepiece/processor.js';
import { type TrainingOptions, trainSentencePiece } from '../../../src/text/sentencepiece/train.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { goldenLines, goldenPath } from '../golden.js';
import { ENGINES, hasGoldenLibrary, hasNative } from './engines.js';

const TYPES = ['bpe', 'unigram', 'char', 'word'];
const OPTIONS = { vocab_size: 200, character_coverage: 1, minloglevel: 3 };
const sentences = ['de', 'en'].flatMap((language) => goldenLines(`spm/test.${language}`));

const directory = temporaryFolder();

describe.runIf(hasNative)('training', () => {
  test.runIf(hasGoldenLibrary).each(TYPES)('makes the %s vocabulary of spm_train', (model_type) => {
    const { vocabulary } = trainSentencePiece(sentences, { ...OPTIONS, model_type });
    expect(vocabulary).toEqual(goldenLines(`spm/trained.${model_type}.vocab`));
  });

  test.each(TYPES.flatMap((type) => ENGINES.map((engine) => ({ type, engine }))))(
    'makes a $type model that gives the text back in the engine $engine',
    async ({ type, engine }) => {
      // The library keeps the ▁ before a word that the vocabulary lacks; here, it lacks none.
      const whole: TrainingOptions = type === 'word' ? { vocab_size: 90_000, hard_vocab_limit: false } : {};
      const path = join(directory, `${type}.model`);
      writeFileSync(path, trainSentencePiece(sentences, { ...OPTIONS, ...whole, model_type: type }).model);
      const model = await SentencePiece.load(path, engine);
      expect(sentences.map((line) => model.decodePieces(model.encodePieces(line)))).toEqual(sentences);
    },
  );

  test('reads more sentences than one batch for the library, and blank ones', () => {
    const many = Array.from({ length: 40 }, () => ['', ...sentences]).flat();
    expect(
      trainSentencePiece(many, { ...OPTIONS, model_type: 'bpe' }).vocabulary.map((line) => line.split('\t')[0]),
    ).toEqual(
      trainSentencePiece(sentences, { ...OPTIONS, model_type: 'bpe' }).vocabulary.map((line) => line.split('\t')[0]),
    );
  });

  test('draws the same sentences in every run', () => {
    const train = (size: number): string[] =>
      trainSentencePiece(sentences, { ...OPTIONS, model_type: 'bpe', input_sentence_size: size }).vocabulary;
    expect(train(101)).toEqual(train(101));
    expect(train(101)).not.toEqual(train(0));
  });

  test.each<{ title: string; options: TrainingOptions; message: RegExp }>([
    { title: 'a vocabulary that the text cannot fill', options: { vocab_size: 90_000 }, message: /too high \(90000\)/ },
    {
      title: 'one without room for the characters',
      options: { vocab_size: 20 },
      message: /smaller than required_chars/,
    },
    { title: 'an unknown normalisation', options: { normalization_rule_name: 'x' }, message: /found: x/ },
    { title: 'a number of threads', options: { num_threads: 0 }, message: /it requires num_threads >= 1/ },
    { title: 'an unknown option', options: { vocabsize: 3 }, message: /unknown field name "vocabsize"/ },
  ])('refuses $title', ({ options, message }) => {
    const train = () => trainSentencePiece(sentences, { ...OPTIONS, ...options });
    expect(train).toThrow(UserError);
    expect(train).toThrow(message);
  });

  // Each of these terminates the library's process. The add-on with AddressSanitizer cannot fork one: child-process.cc.
  test
    .skipIf(process.env.SENTENCEPIECE_NATIVE_FOLDER === 'sanitized')
    .each<{ title: string; lines: string[]; options: TrainingOptions; message: string }>([
      {
        title: 'a text that normalisation makes empty',
        lines: ['\u200b', '▁▁'],
        options: { vocab_size: 20 },
        message: 'the text is empty after normalisation',
      },
      {
        title: 'a required character that is not in the text',
        lines: ['a'],
        options: { model_type: 'bpe', vocab_size: 6, required_chars: 'x' },
        message: 'a required character is not in the text',
      },
      {
        title: 'an invalid file of rules',
        lines: ['a'],
        options: { normalization_rule_tsv: goldenPath('spm/test.de') },
        message: 'failed to insert key: zero-length key',
      },
    ])('refuses $title, and the process lives', ({ lines, options, message }) => {
    const train = () => trainSentencePiece(lines, { ...OPTIONS, ...options });
    expect(train).toThrow(UserError);
    expect(train).toThrow(message);
  });

  test.each([{ lines: [] }, { lines: ['', ' '] }])('refuses a text without sentences: $lines', ({ lines }) => {
    expect(() => trainSentencePiece(lines, OPTIONS)).toThrow('the text has no sentences');
  });

  test('rethrows errors of the sentences, also late ones', () => {
    const broken = function* (): Generator<string> {
      for (let index = 0; index < 2500; index++) yield 'ein Satz';
      throw new UserError('the file ends early', 'fetch it again');
    };
    expect(() => trainSentencePiece(broken(), OPTIONS)).toThrow('the file ends early');
  });
});
