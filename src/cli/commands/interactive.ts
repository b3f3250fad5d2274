import { deviceOptions, int8Option, openRequestedDevice } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { codecOptions } from '../../inference/codec-options.js';
import { LineSearch, LineTooLong, type TranslatedLine } from '../../inference/line-search.js';
import { disposeAll, loadModels, taskOfCheckpoint } from '../../inference/load-models.js';
import { parseModelOverrides } from '../../inference/model-overrides.js';
import type { SourceLine } from '../../inference/source-lines.js';
import { readWordTranslations } from '../../inference/unknown-words.js';
import { log } from '../../log.js';
import { type NamedModels, openModelPaths } from '../../model-folder/model-paths.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { outputLines, outputOptions, SequenceGenerator, searchOptions, symbolsOf } from '../../search/index.js';
import { translationOptions } from '../../tasks/translation.js';
import { readLines } from '../../text/lines.js';
import { datasetOptions } from '../../training/options.js';
import { defineCommand, type Invocation } from '../command.js';
import { ignoredInTranslation } from '../options/ignored-flags.js';
import { warnOfIgnored } from '../options/ignored-options.js';
import { codecOf, withFolderDefaults } from '../options/model-folder-options.js';
import { taskOption } from '../options/task-option.js';
import { checkTranslationOptions, modelSelection, unsupportedFlags } from '../options/translation-options.js';
import { logOptions, startLog } from '../output/log-sink.js';
import { loadArchitectures, userDirOption } from '../plugins/user-dir.js';

const { batchSize, skipInvalidSizeInputsValidTest, numWorkers } = datasetOptions;
const { prefixSize: _, ...searchOfLines } = searchOptions;
const { postProcess, printAlignment, replaceUnk } = outputOptions;

const inputOptions = {
  ...defineOptions({
    input: { kind: 'string', default: '-', metavar: 'FILE', group: 'Input', help: 'lines to translate; - is stdin' },
    bufferSize: {
      kind: 'int',
      default: 0,
      min: 0,
      group: 'Input',
      help: 'number of lines to read before translating them together; 0 means 1',
    },
    maxTokens: { kind: 'int', default: null, min: 1, group: 'Input', help: 'maximum tokens per batch' },
  }),
  batchSize: { ...batchSize, group: 'Input', help: 'maximum sentences per batch (1 if no size is set)' },
  skipInvalidSizeInputsValidTest: {
    ...skipInvalidSizeInputsValidTest,
    group: 'Input',
    help: 'skip lines that are too long for the model or --max-tokens; the log names them',
  },
  numWorkers: { ...numWorkers, group: 'Input' },
} as const;

const options = {
  ...modelSelection,
  ...userDirOption,
  ...inputOptions,
  ...searchOfLines,
  postProcess,
  printAlignment,
  replaceUnk,
  ...codecOptions,
  ...taskOption,
  ...translationOptions,
  ...deviceOptions,
  ...int8Option,
  ...logOptions,
} as const;

type InteractiveSchema = typeof options;
type InteractiveOptions = OptionsOf<InteractiveSchema>;

const NEEDS_REFERENCES = 'lines have no references; use generate';

export const interactiveCommand = defineCommand({
  name: 'interactive',
  description:
    'Translates lines of text as they arrive, in order. Prints S- source, W- seconds, C- constraints, H- hypothesis with its score in base 2, D- detokenized hypothesis, P- token scores and A- alignment.',
  arguments: [{ name: 'data', help: 'folder with the dictionaries; not needed with a model folder', optional: true }],
  options,
  unsupported: {
    ...unsupportedFlags,
    '--prefix-size': NEEDS_REFERENCES,
    '--score-reference': NEEDS_REFERENCES,
    '--scoring': NEEDS_REFERENCES,
    '--sacrebleu': NEEDS_REFERENCES,
    '--gen-subset': 'interactive reads lines; use generate for a split',
    '--results-path': 'interactive prints to stdout; redirect it with > FILE',
    '--quiet': 'interactive prints nothing but translations; redirect them with > FILE',
  },
  ignored: ignoredInTranslation,
  examples: [
    'ts-fairseq interactive data-bin/de-en --path checkpoints/averaged --bpe subword_nmt --bpe-codes codes --remove-bpe',
    'ts-fairseq interactive data-bin/de-en --path model.pt --input test.de --buffer-size 1024 --batch-size 128',
  ],
  async run(invocation) {
    const { options } = invocation;
    const names = checkTranslationOptions(options);
    checkSizes(options);
    const stopLog = startLog(options);
    try {
      warnOfIgnored(invocation.ignored);
      await interactive(invocation, openModelPaths(names));
    } finally {
      stopLog();
    }
  },
});

const bufferOf = ({ bufferSize }: InteractiveOptions): number => Math.max(bufferSize, 1);

function checkSizes(options: InteractiveOptions): void {
  const { batchSize } = options;
  if (batchSize === null || batchSize <= bufferOf(options)) return;
  throw new UserError(
    `--batch-size ${batchSize} is more than --buffer-size ${bufferOf(options)}`,
    `raise --buffer-size, e.g. to ${batchSize}`,
  );
}

async function interactive(
  { args, options: given, explicitKeys }: Invocation<InteractiveSchema>,
  { stems, folder }: NamedModels,
): Promise<void> {
  const options = withFolderDefaults(given, explicitKeys, folder);
  const started = performance.now();
  const architectures = await loadArchitectures(options);
  const overrides = parseModelOverrides(options.modelOverrides, architectures);
  const unknownWords = readWordTranslations(options.replaceUnk);
  const task = await taskOfCheckpoint(
    stems[0]!,
    dataFolder(args[0], folder),
    Object.fromEntries(Object.entries(options).filter(([key]) => explicitKeys.has(key))),
  );
  const codec = await codecOf(options, explicitKeys, folder, task);
  const device = await openRequestedDevice(options, { forSearch: options.userDir === null });
  const models = await loadModels(stems, task, architectures, device, overrides);
  try {
    const search = new SequenceGenerator(
      models,
      symbolsOf(task.targetDictionary),
      { ...options, prefixSize: 0 },
      options.printAlignment !== null || unknownWords !== null,
    );
    const { maxTokens, postProcess, printAlignment } = options;
    const batchSize = maxTokens === null ? (options.batchSize ?? 1) : options.batchSize;
    const lines = new LineSearch(task, search, {
      codec,
      postProcess,
      printAlignment,
      unknownWords,
      maxTokens,
      batchSize,
    });
    if (bufferOf(options) > 1) log.message(`Sentence buffer size: ${bufferOf(options)}`);
    log.message('NOTE: hypothesis and token scores are output in base 2');
    if (options.input === '-' && process.stdin.isTTY) log.message('Type the input sentence and press return:');
    const phraseText = (ids: Int32Array): string => task.targetDictionary.string(ids, { bpeSymbol: postProcess });
    let searching = 0;
    for await (const answers of answer(lines, options)) {
      for (const { id, line, sentence, seconds } of answers) {
        searching += seconds;
        const notes = { seconds, phrases: line.phrases.map(phraseText) };
        if (sentence.translations.length === 0) warnUnanswered(id, options);
        for (const text of outputLines({ ...sentence, id }, notes)) process.stdout.write(`${text}\n`);
      }
    }
    const total = (performance.now() - started) / 1000;
    log.message(`Total time: ${total.toFixed(3)} seconds; translation time: ${searching.toFixed(3)}`);
  } finally {
    disposeAll(models);
  }
}

/** @throws UserError without a folder */
function dataFolder(data: string | undefined, folder: NamedModels['folder']): string {
  if (data !== undefined) return data;
  if (folder !== null) return folder.folder;
  throw new UserError('the folder with the dictionaries is missing', 'name it, e.g. data-bin/de-en');
}

interface Answer extends TranslatedLine {
  /** The line's number in the input, counted from 0. */
  readonly id: number;
}

/** Reads and translates one buffer of lines at a time. Before an error in the input is thrown, all earlier lines are answered. */
async function* answer(search: LineSearch, options: InteractiveOptions): AsyncGenerator<readonly Answer[]> {
  let buffer: NumberedLine[] = [];
  const answers = async (): Promise<readonly Answer[]> => {
    const numbered = buffer;
    buffer = [];
    const translated = await search.translate(numbered.map(({ line }) => line));
    return translated.map((answered, index) => ({ ...answered, id: numbered[index]!.id }));
  };
  try {
    for (const line of readNumbered(search, options)) {
      buffer.push(line);
      if (buffer.length >= bufferOf(options)) yield await answers();
    }
  } catch (error) {
    if (buffer.length > 0 && error instanceof UserError) yield await answers();
    throw error;
  }
  if (buffer.length > 0) yield await answers();
}

interface NumberedLine {
  readonly id: number;
  readonly line: SourceLine;
}

/** @throws UserError for a line that is not UTF-8, or too long without --skip-invalid-size-inputs-valid-test */
function* readNumbered(search: LineSearch, options: InteractiveOptions): Generator<NumberedLine, void, undefined> {
  const name = options.input === '-' ? 'standard input' : options.input;
  let id = 0;
  for (const text of readLines(options.input)) {
    try {
      yield { id, line: search.read(text, `${name} line ${id + 1}`) };
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      const { problem, remedy } = error;
      if (!options.skipInvalidSizeInputsValidTest) {
        throw new UserError(problem, `${remedy}, or add --skip-invalid-size-inputs-valid-test`);
      }
      log.warning(`${problem}: skipped`);
    }
    id += 1;
  }
}

function warnUnanswered(id: number, { constraints }: InteractiveOptions): void {
  const reason = constraints === null ? 'no output is allowed' : 'no output contains its phrases';
  log.warning(`line ${id + 1} has no translation: ${reason}; raise --beam or --max-len-b`);
}
