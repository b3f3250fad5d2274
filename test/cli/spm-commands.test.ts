import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { log } from '../../src/log.js';
import { runMain } from '../helpers/run-main.js';
import { commandFolder } from '../helpers/text-command.js';
import { goldenLines, goldenPath } from '../text/golden.js';
import { hasNative } from '../text/sentencepiece/engines.js';

const folder = commandFolder();
const { at, linesOf } = folder;

/** Runs a command line; DIR is the test's folder, GOLD that of golden texts. */
const run = (line: string): Promise<void> => folder.run(line.replaceAll('GOLD', goldenPath('spm')));

test.each([
  { line: 'spm-encode --model GOLD/bpe.model GOLD/test.de DIR/out', golden: 'test.bpe.de' },
  {
    line: 'spm-encode --model=GOLD/unigram.model --output_format=id GOLD/test.en DIR/out',
    golden: 'test.unigram.ids.en',
  },
  { line: 'spm-encode --model GOLD/bpe.model --output-format id GOLD/test.de DIR/out', golden: 'test.bpe.ids.de' },
  { line: 'spm-decode --model GOLD/unigram.model GOLD/test.unigram.en DIR/out', golden: 'test.en' },
])('$line', async ({ line, golden }) => {
  await run(line);
  expect(linesOf('out')).toEqual(goldenLines(`spm/${golden}`));
});

test('spm-decode writes the sign of the unknown piece for its id', async () => {
  await run('spm-decode --model GOLD/bpe.model --input_format id GOLD/test.bpe.ids.en DIR/out');
  expect(linesOf('out')).toEqual(goldenLines('spm/test.en').map((line) => line.replace('es2017', 'es201 ⁇ ')));
});

test.each([
  { line: 'spm-encode', message: '--model is missing' },
  { line: 'spm-encode --model GOLD/test.de GOLD/test.de DIR/out', message: 'is not a SentencePiece model' },
  { line: 'spm-encode --model GOLD/bpe.model --seed 1 GOLD/test.de DIR/out', message: '--random-seed requires' },
  { line: 'spm-encode --model GOLD/bpe.model --nbest_size 513 GOLD/test.de DIR/out', message: 'the maximum is 512' },
  { line: 'spm-decode --model GOLD/bpe.model --input_format id DIR/in DIR/out', message: "line 2: 'x' is not an id" },
  { line: 'spm-decode --model GOLD/bpe.model --input_format id DIR/far DIR/out', message: 'line 1: ' },
  { line: 'spm-train --input GOLD/test.de', message: '--model-prefix is missing' },
  {
    line: 'spm-train --input GOLD/test.de --model_prefix DIR/m --pad_id 1',
    message: '--bos-id and --pad-id are both 1',
  },
  { line: 'spm-train --model_prefix DIR/m --bos_id 300 --vocab_size 300', message: '--bos-id: 300 is too large' },
  { line: 'spm-train --model_prefix DIR/m --vocab_size 2e9', message: "'2e9' is not a whole number" },
  { line: 'spm-train --model_prefix DIR/m --vocab_size 2000000000', message: 'the maximum is 1000000000' },
  { line: 'spm-train --model_prefix DIR/m --seed_sentencepiece_size 3000000000', message: 'the maximum is 1000000000' },
  { line: 'spm-train --model_prefix DIR/m --user_defined_symbols a,b,a', message: "the symbol 'a' occurs twice" },
])('$line is refused: $message', async ({ line, message }) => {
  writeFileSync(at('in'), '5\nx\n');
  writeFileSync(at('far'), '5 90000\n');
  const refused = run(line);
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(message);
  expect(readdirSync(folder.path).sort()).toEqual(['far', 'in']);
});

test.each(['bpe', 'unigram'])('spm-encode --generate-vocabulary counts the pieces of a %s model', async (model) => {
  await run(`spm-encode --model GOLD/${model}.model --generate_vocabulary=true GOLD/test.de DIR/out`);
  expect(linesOf('out')).toEqual(goldenLines(`spm/counts.${model}.de`));
});

test('the file options are equivalent to the arguments', async () => {
  await run('spm-encode --model GOLD/bpe.model --input=GOLD/test.de --output=DIR/encoded');
  await run('spm-decode --model GOLD/bpe.model --input=DIR/encoded --output=DIR/decoded');
  expect(linesOf('encoded')).toEqual(goldenLines('spm/test.bpe.de'));
  expect(linesOf('decoded')).toEqual(goldenLines('spm/test.de'));
});

describe.runIf(hasNative)('with the add-on', () => {
  test.each(['bpe', 'unigram'])('spm-encode --vocabulary restricts the pieces of a %s model', async (model) => {
    const counts = goldenLines(`spm/counts.${model}.de`);
    writeFileSync(at('tabs'), `${counts.join('\n')}\n\n`);
    writeFileSync(at('spaces'), counts.join('\n').replaceAll('\t', ' '));
    for (const vocabulary of ['GOLD/counts.MODEL.de', 'DIR/tabs', 'DIR/spaces']) {
      const name = vocabulary.replace('MODEL', model);
      await run(
        `spm-encode --model GOLD/${model}.model --vocabulary=${name} --vocabulary_threshold=20 GOLD/test.en DIR/out`,
      );
      expect(linesOf('out').slice(0, 20)).toEqual(goldenLines(`spm/test.${model}.vocab20.en`));
    }
  });

  test.each(['extra', 'extra.ids'])('spm-encode --extra_options adds and turns pieces: %s', async (name) => {
    const format = name === 'extra' ? 'piece' : 'id';
    const options = `--extra_options=bos:reverse:unk:eos --output_format=${format}`;
    await run(`spm-encode --model GOLD/bpe.model ${options} GOLD/test.en DIR/out`);
    expect(linesOf('out').slice(0, 20)).toEqual(goldenLines(`spm/test.bpe.${name}.en`));
  });

  test('spm-decode --extra_options turns pieces before they become text', async () => {
    writeFileSync(at('in'), '▁b ▁a\n');
    await run('spm-decode --model GOLD/bpe.model --extra_options reverse DIR/in DIR/out');
    expect(linesOf('out')).toEqual(['a b']);
  });

  test.each([
    { options: '--extra_options=bos:x', message: 'option "x" is not available; use reverse, bos, eos and unk' },
    {
      options: '--extra_options=eos --alpha 0.1',
      message: '--extra-options does not apply to samples and n-best lists',
    },
    { options: '--generate_vocabulary=true --output_format nbest_id', message: '--generate-vocabulary does not apply' },
    { options: '--vocabulary DIR/blank', message: 'blank is empty; give a vocabulary written by' },
    { options: '--vocabulary DIR/scores', message: 'scores line 2: "▁a\t-3.5" is not "<piece> <count>"; give a' },
    { options: '--vocabulary DIR/middle', message: 'middle line 2: "" is not "<piece> <count>"' },
  ])('spm-encode $options is refused: $message', async ({ options, message }) => {
    writeFileSync(at('blank'), '\n\n');
    writeFileSync(at('scores'), '<unk>\t0\n▁a\t-3.5\n');
    writeFileSync(at('middle'), 'a\t1\n\nb\t1\n');
    const refused = run(`spm-encode --model GOLD/bpe.model ${options} GOLD/test.en DIR/out`);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
    expect(existsSync(at('out'))).toBe(false);
  });

  test.each(['word', 'char'])('a vocabulary restricts no model of the type %s', async (type) => {
    await run(
      `spm-train --input GOLD/test.de --model_prefix DIR/m --model_type ${type} --vocab_size 60 --minloglevel 3`,
    );
    await expect(
      run('spm-encode --model DIR/m.model --vocabulary GOLD/counts.bpe.de GOLD/test.de DIR/out'),
    ).rejects.toThrow(
      'm.model does not support a restricted vocabulary: Vocabulary constraint is only enabled in subword units; use a model',
    );
  });

  test('spm-train gives every required character a piece', async () => {
    const line = 'spm-train --input DIR/in --model_prefix DIR/m --vocab_size 100 --minloglevel 3';
    writeFileSync(at('in'), `${goldenLines('spm/test.de').join('\n')}\nein ☃\n`);
    const pieces = async (options: string): Promise<string[]> => {
      await run(`${line} --character_coverage 0.98${options}`);
      return linesOf('m.vocab').map((entry) => entry.split('\t')[0]!);
    };
    expect(await pieces('')).not.toContain('☃');
    expect(await pieces(' --required_chars=☃')).toContain('☃');
  });

  test('spm-train writes a model that spm-encode and spm-decode use', async () => {
    await run(
      'spm-train --input GOLD/test.de,GOLD/test.en --model_prefix=DIR/m --model_type=bpe --vocab_size=200 ' +
        '--character_coverage 1.0 --split_digits=true --user_defined_symbols=<a>,<b> --minloglevel 3',
    );
    const pieces = linesOf('m.vocab').map((line) => line.split('\t')[0]);
    expect(pieces).toHaveLength(200);
    expect(pieces.slice(0, 5)).toEqual(['<unk>', '<s>', '</s>', '<a>', '<b>']);
    expect(pieces.some((piece) => /\d\d/.test(piece!))).toBe(false);
    await run('spm-encode --model DIR/m.model GOLD/test.de DIR/encoded');
    await run('spm-decode --model DIR/m.model DIR/encoded DIR/decoded');
    expect(linesOf('decoded')).toEqual(goldenLines('spm/test.de'));
  });

  test('spm-train reports how much of the text is read, and draws no bar if stderr is not a terminal', async () => {
    const text = `${goldenLines('spm/test.en').join('\n')}\n`.repeat(80);
    writeFileSync(at('many'), text);
    const reports: unknown[] = [];
    const detach = log.attach(({ kind, fields }) => kind === 'progress' && reports.push(fields));
    const line = `spm-train --input ${at('many')} --model-prefix ${at('m')} --vocab-size 200 --minloglevel 3`;
    const { code, stderr } = await runMain(...line.split(' '));
    detach();
    expect([code, stderr]).toEqual([0, '']);
    const megabytes = (bytes: number): number => Math.floor(bytes / 1e5) / 10;
    const total = megabytes(Buffer.byteLength(text));
    const first = Buffer.byteLength(text.split('\n').slice(0, 1000).join('\n')) + 1;
    expect(reports[0]).toEqual({ label: 'reading, MB', position: megabytes(first), total });
    expect(reports.at(-1)).toEqual({ label: 'reading, MB', position: total, total });
  });

  test('spm-train leaves nothing behind if reading the text fails', async () => {
    writeFileSync(at('bad'), Buffer.from('ein Satz\nein \xff Satz\n', 'latin1'));
    await expect(run('spm-train --input GOLD/test.de,DIR/bad --model_prefix DIR/m --minloglevel 3')).rejects.toThrow(
      'bad line 2 is not valid UTF-8',
    );
    expect(existsSync(at('m.model')) || existsSync(at('m.vocab'))).toBe(false);
  });

  test('spm-encode writes every list of an n-best format, and samples that repeat', async () => {
    await run('spm-encode --model GOLD/unigram.model --output_format nbest_piece --nbest 3 GOLD/test.en DIR/lists');
    expect(linesOf('lists').slice(0, 60)).toEqual(goldenLines('spm/test.unigram.nbest3.en'));
    for (const [name, seed] of [
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ]) {
      await run(`spm-encode --model GOLD/bpe.model --alpha 0.1 --random_seed ${seed} GOLD/test.en DIR/${name}`);
    }
    expect(linesOf('a')).toEqual(linesOf('b'));
    expect(linesOf('a')).not.toEqual(linesOf('c'));
    await run('spm-decode --model GOLD/bpe.model DIR/a DIR/decoded');
    expect(linesOf('decoded')).toEqual(goldenLines('spm/test.en'));
  });
});
