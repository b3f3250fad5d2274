import { deviceOptions, int8Option } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import type { SentenceTranslation, TextTranslation, TranslatorOptions } from '../../inference/translator.js';
import { loadForCommand, type Translator } from '../../inference/translator.js';
import { log } from '../../log.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { readBlocksWithLineEnds } from '../../text/lines.js';
import { defineCommand } from '../command.js';
import { writeFiltered } from '../filters/filter-lines.js';
import { chosenPrecision, searchOfText } from '../options/translation-options.js';
import { startBriefLog } from '../output/log-sink.js';

const textOptions = {
  ...defineOptions({
    input: { kind: 'string', default: '-', metavar: 'FILE', group: 'Text', help: 'text to translate; - is stdin' },
    output: { kind: 'string', default: '-', metavar: 'FILE', group: 'Text', help: 'file to write; - is stdout' },
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
    'Translates plain text with a model that export wrote: sentence by sentence, with the line ends and the white space of the text. Options replace the defaults of the model.',
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
      const source = texts.length > 0 ? texts.map((text) => `${text}\n`) : readBlocksWithLineEnds(options.input);
      await writeFiltered(options.input, options.output, translated(translator, source, options));
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

/** Translates blocks of complete lines. */
async function* translated(
  translator: Translator,
  blocks: Iterable<string>,
  { json }: TranslateOptions,
): AsyncGenerator<Uint8Array> {
  const warnings = new Warnings();
  let firstLine = 1;
  for (const block of blocks) {
    const lines = block.match(LINE) ?? [];
    const translations = await translator.translateTexts(lines);
    for (const [index, translation] of translations.entries()) warnings.check(translation, firstLine + index);
    yield Buffer.from(
      json
        ? translations.map((translation, index) => jsonLines(translation, firstLine + index)).join('')
        : translations.map(({ text }) => text).join(''),
    );
    firstLine += lines.length;
  }
  warnings.summarize();
}

/** A line with its end. */
const LINE = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/gu;

const jsonLines = ({ sentences }: TextTranslation, line: number): string =>
  sentences.map((sentence) => `${JSON.stringify(jsonOf(sentence, line))}\n`).join('');

function jsonOf(
  { source, text, score, nbest, lost, unknownRatio, problem }: SentenceTranslation,
  line: number,
): object {
  const [best] = nbest;
  return {
    line,
    text: source,
    translation: text,
    score,
    tokens: best?.tokens ?? [],
    tokenScores: best?.tokenScores ?? [],
    ...(best?.alignment?.kind === 'hard' && { alignment: best.alignment.pairs }),
    nbest: nbest.map(({ detokenized, score }) => ({ translation: detokenized, score })),
    unknownRatio,
    ...(lost.length > 0 && { lost }),
    ...(problem !== null && { problem }),
  };
}

/** The number of warnings of one kind that are printed. */
const MOST_WARNINGS = 5;

/** A line with a larger share of unknown tokens is reported. */
const MANY_UNKNOWN = 0.5;

/** Reports what a reader of the translation should know. */
class Warnings {
  #printed = 0;
  #omitted = 0;
  #hasUnknown = false;

  check({ sentences, unknownRatio }: TextTranslation, line: number): void {
    if (unknownRatio > MANY_UNKNOWN && !this.#hasUnknown) {
      this.#hasUnknown = true;
      log.warning(
        `line ${line}: the model does not know ${Math.round(100 * unknownRatio)} % of the tokens; it may be made for another language, or for lowercase text`,
      );
    }
    for (const { lost, problem } of sentences) {
      if (problem !== null) this.#warn(`line ${line}: ${problem}: not translated`);
      if (lost.length > 0) this.#warn(`line ${line}: the translation lacks ${lost.join(' ')}`);
    }
  }

  summarize(): void {
    if (this.#omitted > 0) log.warning(`${this.#omitted} more warnings of this kind; --json lists all of them`);
  }

  #warn(message: string): void {
    this.#printed += 1;
    if (this.#printed <= MOST_WARNINGS) log.warning(message);
    else this.#omitted += 1;
  }
}
