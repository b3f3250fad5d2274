import { extname } from 'node:path';
import { deviceOptions, int8Option } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { TEXT_FORMATS, type TextFormat } from '../../inference/text-options.js';
import type { SentenceTranslation, TextTranslation, TranslatorOptions } from '../../inference/translator.js';
import { loadForCommand, type Translator } from '../../inference/translator.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { readBlocksWithLineEnds } from '../../text/lines.js';
import { defineCommand } from '../command.js';
import { writeFiltered } from '../filters/filter-lines.js';
import { chosenPrecision, searchOfText } from '../options/translation-options.js';
import { startBriefLog } from '../output/log-sink.js';
import { TranslationWarnings } from '../output/translation-warnings.js';

const textOptions = {
  ...defineOptions({
    input: { kind: 'string', default: '-', metavar: 'FILE', group: 'Text', help: 'text to translate; - is stdin' },
    output: { kind: 'string', default: '-', metavar: 'FILE', group: 'Text', help: 'file to write; - is stdout' },
    format: {
      kind: 'choice',
      choices: TEXT_FORMATS,
      default: null,
      group: 'Text',
      help: 'format of the text; the blocks of markdown and html stay as they are, inline marks are dropped (default: markdown for FILE.md and FILE.markdown, html for FILE.html and FILE.htm, otherwise plain)',
    },
    phrase: {
      kind: 'strings',
      isRepeated: true,
      default: [],
      metavar: 'TEXT',
      group: 'Text',
      help: 'phrase that the translation of every line, or of the document, must contain; may be repeated',
    },
    json: {
      kind: 'boolean',
      default: false,
      group: 'Text',
      help: 'print a JSON object for each sentence: line, text, translation, score, tokens, nbest, …',
    },
    alignment: {
      kind: 'boolean',
      default: false,
      group: 'Text',
      help: 'with --json: the source token that each output token attends to most',
    },
    maxTokens: { kind: 'int', default: null, min: 1, group: 'Text', help: 'maximum tokens per batch' },
    batchSize: { kind: 'int', default: null, min: 1, group: 'Text', help: 'maximum sentences per batch' },
  }),
} as const;

const { device, threads, bf16 } = deviceOptions;

const options = { ...textOptions, ...searchOfText, device, threads, bf16, ...int8Option } as const;

type TranslateOptions = OptionsOf<typeof options>;

export const translateCommand = defineCommand({
  name: 'translate',
  description:
    'Translates plain text, Markdown or HTML with a model that export wrote: sentence by sentence, with the line ends and the white space of the text. Options replace the defaults of the model.',
  arguments: [
    { name: 'folder', help: 'the folder of the model' },
    {
      name: 'text',
      help: 'texts to translate instead of --input, one per line of the output',
      optional: true,
      variadic: true,
    },
  ],
  options,
  examples: [
    "ts-fairseq translate models/de-en 'Guten Tag!'",
    'ts-fairseq translate models/de-en --input letter.de.txt --output letter.en.txt',
    'ts-fairseq translate models/de-en --input LIESMICH.md --output README.md',
    'ts-fairseq translate models/de-en --json --nbest 3 < lines.de > lines.jsonl',
  ],
  async run({ args: [folder, ...texts], options, explicitKeys }) {
    if (options.alignment && !options.json) throw new UserError('--alignment requires --json', 'add --json');
    if (texts.length > 0 && explicitKeys.has('input')) {
      throw new UserError('the text is given twice, as an argument and by --input', 'leave one out');
    }
    const stopLog = startBriefLog();
    const translator = await loadForCommand({ ...chosen(options, explicitKeys), model: folder! });
    try {
      const format = options.format ?? formatOfFile(texts.length > 0 ? '' : options.input);
      const source = texts.length > 0 ? texts.map((text) => `${text}\n`) : readBlocksWithLineEnds(options.input);
      const blocks = format === 'plain' ? linesOfBlocks(source) : documentsOf(source, texts.length > 0);
      await writeFiltered(options.input, options.output, translated(translator, blocks, { ...options, format }));
    } finally {
      translator.dispose();
      stopLog();
    }
  },
});

/** The options for `Translator.load` that the user set. */
function chosen(options: TranslateOptions, explicitKeys: ReadonlySet<string>): TranslatorOptions {
  const names = [...Object.keys(searchOfText), 'device', 'threads', 'maxTokens', 'batchSize', 'alignment'];
  const set = names
    .filter((name) => explicitKeys.has(name))
    .map((name) => [name, options[name as keyof TranslateOptions]]);
  const precision = chosenPrecision(options);
  return { ...Object.fromEntries(set), ...(precision !== null && { precision }) };
}

/** The formats of files by extension. */
const FORMATS: Readonly<Record<string, TextFormat>> = {
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.html': 'html',
  '.htm': 'html',
};

const formatOfFile = (path: string): TextFormat => FORMATS[extname(path).toLowerCase()] ?? 'plain';

/** A line with its end. */
const LINE = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/gu;

/** The lines of blocks of complete lines. */
function* linesOfBlocks(blocks: Iterable<string>): Generator<readonly string[]> {
  for (const block of blocks) yield block.match(LINE) ?? [];
}

/** Arguments are documents, each with a line end; the blocks of a file are one. */
function* documentsOf(blocks: Iterable<string>, areArguments: boolean): Generator<readonly string[]> {
  yield areArguments ? [...blocks] : [[...blocks].join('')];
}

/** Translates blocks of texts: of lines in plain text, otherwise of documents. */
async function* translated(
  translator: Translator,
  blocks: Iterable<readonly string[]>,
  { json, format, phrase: phrases }: Omit<TranslateOptions, 'format'> & { readonly format: TextFormat },
): AsyncGenerator<Uint8Array> {
  const warnings = new TranslationWarnings();
  let firstLine = 1;
  for (const texts of blocks) {
    const translations = await translator.translateTexts(texts, { format, phrases });
    for (const [index, translation] of translations.entries()) warnings.check(translation, firstLine + index);
    yield Buffer.from(
      json
        ? translations.map((translation, index) => jsonLines(translation, firstLine + index)).join('')
        : translations.map(({ text }) => text).join(''),
    );
    firstLine += texts.length;
  }
  warnings.summarize();
}

const jsonLines = ({ sentences }: TextTranslation, line: number): string =>
  sentences.map((sentence) => `${JSON.stringify(jsonOf(sentence, line))}\n`).join('');

function jsonOf(
  { source, text, score, nbest, placeholders, lost, unknownRatio, problem, line }: SentenceTranslation,
  lineOfText: number,
): object {
  const [best] = nbest;
  return {
    line: line ?? lineOfText,
    text: source,
    translation: text,
    score,
    tokens: best?.tokens ?? [],
    tokenScores: best?.tokenScores ?? [],
    ...(best?.alignment?.kind === 'hard' && { alignment: best.alignment.pairs }),
    nbest: nbest.map(({ detokenized, score }) => ({ translation: detokenized, score })),
    unknownRatio,
    ...(placeholders !== 'none' && { placeholders }),
    ...(lost.length > 0 && { lost }),
    ...(problem !== null && { problem }),
  };
}
