import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const model = at('model');
let checkpoint: string;

const EXPORT = ['--tokenizer', 'moses', '--lowercase', '--bpe-codes', goldenPath('bpe/codes'), '--beam', '2'];
const exportModel = (...argv: string[]): Promise<Outcome> =>
  runCommandLine(['export', '--path', checkpoint, '--data', goldenData, ...argv]);
const translate = (...argv: string[]): Promise<Outcome> =>
  runCommandLine(['translate', model, '--output', at('out'), ...argv]);

/** The output of a translation that succeeds. */
async function translationOf(...argv: string[]): Promise<{ text: string; stderr: string }> {
  const { code, stderr } = await translate(...argv);
  expect(code, stderr).toBe(0);
  return { text: readFileSync(at('out'), 'utf8'), stderr };
}

beforeAll(async () => {
  checkpoint = saveReferenceCheckpoint(at('trained'), 'trained');
  expect(await exportModel('--to', model, ...EXPORT, '--max-len-b', '8')).toMatchObject({ code: 0 });
});

const TEXT = '  Unerwartetes Token. Ein Ausdruck!\r\n\nDer Typ\n';

describe('translate', () => {
  it('prints one line per argument', async () => {
    const { text } = await translationOf('Unerwartetes Token.', 'Der Typ');
    expect(text.split('\n')).toHaveLength(3);
  });

  it('keeps the line ends and the white space of a file', async () => {
    writeFileSync(at('in'), TEXT);
    const { text: output } = await translationOf('--input', at('in'));
    expect(output).toMatch(/^ {2}\S.*\S\r\n\n\S.*\n$/u);
    expect(output).not.toContain('  \r');
  });

  it('translates as interactive does with the options of the model', async () => {
    writeFileSync(at('in'), 'Der Typ\nunerwartetes Token\n');
    const { text } = await translationOf('--input', at('in'));
    const argv = ['interactive', '--path', model, '--input', at('in')];
    const lines = (await runCommandLine(argv)).stdout.split('\n');
    const detokenized = lines.filter((line) => line.startsWith('D-')).map((line) => line.split('\t')[2]);
    expect(text.trimEnd().split('\n')).toEqual(detokenized);
  });

  it('prints sentences as JSON', async () => {
    writeFileSync(at('in'), TEXT);
    const { text: output } = await translationOf('--input', at('in'), '--json', '--nbest', '2', '--alignment');
    const sentences = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown[]>);
    expect(sentences.map(({ line, text }) => [line, text])).toEqual([
      [1, 'Unerwartetes Token.'],
      [1, 'Ein Ausdruck!'],
      [3, 'Der Typ'],
    ]);
    for (const { tokens, tokenScores, nbest, alignment, score } of sentences) {
      expect(tokens!.at(-1)).toBe('</s>');
      expect(tokenScores).toHaveLength(tokens!.length);
      expect(nbest).toHaveLength(2);
      expect(nbest![0]).toMatchObject({ score });
      expect(alignment!.length).toBeGreaterThan(0);
    }
  });

  it('warns once of text that the model does not know', async () => {
    const { stderr } = await translationOf('你好世界', '你好');
    expect(stderr.match(/the model does not know/gu)).toHaveLength(1);
    expect(stderr).toMatch(
      /^ts-fairseq: warning: line 1: the model does not know \d+ % of the tokens; it may be made/u,
    );
  });

  it('warns of lost placeholders, and counts the warnings that it omits', async () => {
    const { stderr } = await translationOf(...Array.from({ length: 7 }, () => 'Typ {77}'));
    expect(stderr).toContain('line 1: the translation lacks {77}');
    expect(stderr).toContain('2 more warnings of this kind; --json lists all of them');
  });

  it('keeps a sentence that is too long, with a warning', async () => {
    const long = 'a'.repeat(3000);
    const { text, stderr } = await translationOf(`Der Typ. ${long}`);
    expect(text.trimEnd().endsWith(long)).toBe(true);
    expect(stderr).toMatch(/warning: line 1: the sentence has \d+ tokens .*: not translated/u);
  });

  it.each([
    ['in.md', '# Der Typ\n\n- `x`\n- ein *Ausdruck*\n- **fehlt**\n', /^# \S.*\n\n- `x`\n- [^*]+\n- \*\*.+\*\*\n$/u, 4],
    ['in.htm', '<h1>Der Typ</h1>\n<hr>ein <b>Ausdruck</b>', /^<h1>.+<\/h1>\n<hr>[^<>]+$/u, 2],
  ])(
    'translates the document %s by blocks, and says which marks are missing',
    async (name, document, expected, line) => {
      writeFileSync(at(name), document);
      const { text, stderr } = await translationOf('--input', at(name));
      expect(text).toMatch(expected);
      expect(stderr).toBe(
        `ts-fairseq: warning: the translation lacks an inline mark (bold, a link …), in line ${line}\n`,
      );
    },
  );

  it('counts all inline marks that documents lose in one warning', async () => {
    const { text, stderr } = await translationOf('--format', 'markdown', '*Der* Typ', '> ein *Ausdruck* [hier](#)');
    expect(text).toMatch(/^[^*]+\n> [^*[]+\n$/u);
    expect(stderr).toContain('the translation lacks 3 inline marks (bold, links …), the first in line 1');
  });

  it('prints the sentences of a document with their lines as JSON', async () => {
    const { text } = await translationOf('--format', 'html', '--json', '<p>\nDer Typ</p><p>ein\nAusdruck</p>');
    const sentences = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; text: string });
    expect(sentences.map(({ line, text }) => [line, text])).toEqual([
      [2, 'Der Typ'],
      [2, 'ein Ausdruck'],
    ]);
  });

  it('translates every line with the phrases that it must contain', async () => {
    const { text } = await translationOf('--phrase', 'type', '--phrase', 'file', 'Der Typ', 'ein Ausdruck');
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/type/iu);
      expect(line).toMatch(/file/iu);
    }
  });

  it('says what became of placeholders as JSON', async () => {
    const { text } = await translationOf('--json', 'Der Typ {0}', 'Der Typ {77}', 'Der Typ');
    const fates = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { placeholders?: string }).placeholders);
    expect(fates[0]).toMatch(/kept|forced/u);
    expect(fates.slice(1)).toEqual(['lost', undefined]);
  });

  it('makes an empty file of an empty one', async () => {
    writeFileSync(at('empty'), '');
    expect((await translationOf('--input', at('empty'))).text).toBe('');
  });

  it.each([
    [['--alignment', 'x'], '--alignment requires --json; add --json'],
    [['--input', 'y', 'x'], 'the text is given twice, as an argument and by --input'],
    [['--int8', '--bf16', 'x'], '--int8 and --bf16 exclude each other'],
    [['--nbest', '9', 'x'], 'nbest 9 is more than beam 2'],
    [['--phrase', '☃', 'x'], "the model cannot write the phrase '☃'"],
    [['--phrase', '', 'x'], 'a phrase is empty; leave it out'],
    [['--format', 'rtf', 'x'], "--format: unknown value 'rtf'"],
    [['--input', 'absent'], 'absent cannot be read (it does not exist)'],
  ])('%j is refused', async (argv, message) => {
    rmSync(at('out'), { force: true });
    const { code, stderr } = await translate(...argv);
    expect({ code, written: existsSync(at('out')) }).toEqual({ code: 2, written: false });
    expect(stderr).toContain(message);
  });

  it('refuses bytes that are not UTF-8, and writes nothing', async () => {
    writeFileSync(at('latin1'), Buffer.from('Der Typ\nf\xfcr\n', 'latin1'));
    const { code, stderr } = await translate('--input', at('latin1'), '--output', at('never'));
    expect(code).toBe(2);
    expect(stderr).toContain('latin1 line 2 is not valid UTF-8 at column 2');
    expect(existsSync(at('never'))).toBe(false);
  });

  it('refuses a folder that is no model', async () => {
    const { code, stderr } = await runCommandLine(['translate', folder, 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain('is not the folder of a model (it has no model.json); make one with ts-fairseq export');
  });
});

describe('export', () => {
  it.each([
    [['--to', 'DIR/x'], '--path is missing', { path: false }],
    [['--to', 'DIR/x', '--int8', '--bf16'], '--int8 and --bf16 exclude each other', {}],
    [[], '--to is missing; name the folder to write', {}],
    [['--to', 'DIR/x', '--nbest', '9'], '--nbest 9 is more than --beam 5', {}],
  ])('%j is refused', async (argv, message, { path = true }: { path?: boolean }) => {
    const words = argv.map((word) => word.replace('DIR', folder));
    const before = readdirSync(folder);
    const { code, stderr } = path ? await exportModel(...words) : await runCommandLine(['export', ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('refuses a checkpoint of other dictionaries', async () => {
    writeFileSync(at('dict.de.txt'), 'a 1\n');
    writeFileSync(at('dict.en.txt'), 'a 1\n');
    const { code, stderr } = await runCommandLine(['export', '--path', checkpoint, '--data', folder, '--to', at('x')]);
    expect(code).toBe(2);
    expect(stderr).toContain('is not the dictionary that');
    expect(existsSync(at('x'))).toBe(false);
  });
});

describe('a model folder as --path', () => {
  it('gives generate its models and its text', async () => {
    const argv = (path: string): string[] => [
      'generate',
      goldenData,
      '--path',
      path,
      '--max-len-b',
      '4',
      '--beam',
      '1',
    ];
    const text = [
      '--remove-bpe',
      '--tokenizer',
      'moses',
      '--bpe',
      'subword_nmt',
      '--bpe-codes',
      goldenPath('bpe/codes'),
    ];
    const [fromFolder, fromCheckpoint] = [
      await runCommandLine(argv(model)),
      await runCommandLine([...argv(checkpoint), ...text]),
    ];
    expect(fromFolder.code).toBe(0);
    expect(fromFolder.stdout).toBe(fromCheckpoint.stdout);
  });

  it('is converted to a checkpoint of fairseq', async () => {
    expect(await runCommandLine(['convert', model, at('model.pt')])).toMatchObject({ code: 0 });
    const argv = ['interactive', goldenData, '--path', at('model.pt'), '--input', at('in'), '--max-len-b', '4'];
    expect(await runCommandLine(argv)).toMatchObject({ code: 0 });
  });

  it('is required if interactive gets no folder with dictionaries', async () => {
    const { code, stderr } = await runCommandLine(['interactive', '--path', checkpoint]);
    expect(code).toBe(2);
    expect(stderr).toContain('the folder with the dictionaries is missing');
  });
});
