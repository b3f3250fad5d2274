import { architectures } from '../../models/index.js';
import { openDevice } from '../devices/index.js';
import { UserError } from '../errors.js';
import { MOST_THREADS } from '../options/most-threads.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { checkOptionNames, checkOptionValues } from '../options/values.js';
import { checkedPlugin } from '../plugins/checked-plugin.js';
import { describeValue } from '../plugins/described-value.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import { isPlugin, type Plugin } from '../plugins/plugin.js';
import { Registry } from '../plugins/registry.js';
import {
  checkPhrasesAllowed,
  checkStrategies,
  type SearchOptions,
  SequenceGenerator,
  searchOptions,
  symbolsOf,
  type Translation,
  withPhrases,
} from '../search/index.js';
import { loadDivider } from '../text/documents/document.js';
import { createSentenceSplitter } from '../text/sentences.js';
import { BatchScheduler, type CallOptions } from './batch-scheduler.js';
import { LineSearch, type TranslatedLine } from './line-search.js';
import { disposeAll, loadModels, taskOfCheckpoint } from './load-models.js';
import { batchingWithPhrases } from './phrase-search.js';
import type { SentenceSearch } from './sentence-search.js';
import type { SourceLine } from './source-lines.js';
import { checkPhrases, formatOf, nbestOf, phrasesOf, type TextOptions } from './text-options.js';
import { type TextTranslation, translateTexts } from './text-translation.js';
import { memoryOf, type TranslatorMemory } from './translator-memory.js';
import type { TranslatorOptions } from './translator-options.js';
import { checkStrings, translatorSource } from './translator-source.js';

/** The best translation of a line, and its n-best list. */
export interface LineTranslation extends Translation {
  /** The `nbest` best translations, best first. */
  readonly nbest: readonly Translation[];
}

/** What translates for a Translator, in a module of its own because it loads the tensor library. */
export interface TranslatorEngine {
  readonly languages: { readonly source: string; readonly target: string };
  /** The name of the device: `cpu`, `wasm`, … */
  readonly device: string;
  readonly memory: TranslatorMemory;
  /** Why it can no longer translate; null while it can. */
  readonly failure: Error | null;
  /** @throws UserError naming a line that is too long, or the reason of the signal */
  translate(lines: readonly string[], options?: CallOptions): Promise<LineTranslation[]>;
  /** @throws UserError for a wrong format or phrase, or the reason of the signal */
  translateTexts(texts: readonly string[], options?: CallOptions & TextOptions): Promise<TextTranslation[]>;
  /** Frees the models when no batch is being computed. */
  dispose(): Promise<void>;
}

/** The result if the search options rule out every output. */
const NO_TRANSLATION: Translation = {
  text: '',
  detokenized: '',
  score: Number.NEGATIVE_INFINITY,
  tokens: [],
  tokenScores: [],
  alignment: null,
};

const { prefixSize: _, ...generatorOptions } = searchOptions;

const translatorSettings = defineOptions({
  threads: { kind: 'int', default: null, min: 1, max: MOST_THREADS, help: 'threads of the device cpu' },
  maxTokens: { kind: 'int', default: null, min: 1, help: 'maximum tokens in a batch' },
  batchSize: { kind: 'int', default: null, min: 1, help: 'maximum sentences in a batch' },
  alignment: { kind: 'boolean', default: false, help: 'align output tokens with source tokens' },
  precision: {
    kind: 'choice',
    choices: ['float32', 'bfloat16', 'int8'],
    default: null,
    help: 'precision of matrix products',
  },
});

/** Options of Translator.load without a schema. */
const OWN_OPTIONS: readonly string[] = [
  ...['model', 'path', 'data', 'device', 'tokenizer', 'bpeCodes', 'removeBpe', 'plugins'],
];

/**
 * @param what `line` or `text`
 * @throws UserError if the value is not an array of strings, naming the first item that is not a string
 */
function checkStringArray(method: string, what: string, values: unknown): void {
  if (!Array.isArray(values)) {
    throw new UserError(
      `${method}: the ${what}s are ${describeValue(values)}, not an array`,
      `pass an array such as ['a ${what}', …]`,
    );
  }
  for (const [index, value] of values.entries()) {
    if (typeof value === 'string') continue;
    throw new UserError(
      `${what} ${index + 1} is ${describeValue(value)}, not a string`,
      `pass every ${what} as a string`,
    );
  }
}

let hasWarned = false;
/** Emits a Node warning, once per process: a library prints no log, so the log's own warning would be invisible. */
function warnAboutWasm(): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    "computing on wasm, about 30 times slower than on cpu: the native backend is not built; build it with scripts/build.js of tfjs-backend-onednn, or pass device: 'wasm'",
    'ts-fairseq',
  );
}

/**
 * @param forSearch whether nothing else in this thread computes with TensorFlow.js, which is then not loaded unless the search
 *   requires it
 * @throws UserError like `Translator.load`
 */
export async function loadTranslatorEngine(
  translatorOptions: TranslatorOptions,
  forSearch = false,
): Promise<TranslatorEngine> {
  const { model, path, data, device, tokenizer, bpeCodes, removeBpe, plugins, ...rest } = translatorOptions;
  checkOptionNames('Translator.load', translatorOptions, [
    ...OWN_OPTIONS,
    ...Object.keys(translatorSettings),
    ...Object.keys(generatorOptions),
  ]);
  const source = await translatorSource({ model, path, data, tokenizer, bpeCodes, removeBpe });
  const values = {
    ...source.search,
    ...checkOptionValues('Translator.load', rest, { ...generatorOptions, ...translatorSettings }),
  };
  const options = selectOptions(searchOptions, values);
  const { threads, maxTokens, batchSize, precision, alignment } = selectOptions(translatorSettings, values);
  checkSearch(options);
  const known = await architecturesWith(checkPlugins(plugins ?? []));
  checkStrings({ device });
  const task = await taskOfCheckpoint(source.stems[0]!, source.data);
  const codec = await source.createCodec(task);
  const weights = precision ?? source.precision;
  const opened = await openDevice(device ?? null, {
    threads,
    bfloat16: weights === 'bfloat16',
    int8: weights === 'int8',
    forSearch: forSearch && plugins === undefined,
  });
  if (!forSearch && device === undefined && opened.name === 'wasm') warnAboutWasm(); // commands show the log's warning
  const models = await loadModels(source.stems, task, known, opened);
  const lineSettings = {
    codec,
    postProcess: source.postProcess,
    printAlignment: alignment ? ('hard' as const) : null,
    unknownWords: null,
    maxTokens,
    batchSize,
  };
  const searchWith = (searchOptions: SearchOptions): LineSearch => {
    const generator = new SequenceGenerator(models, symbolsOf(task.targetDictionary), searchOptions, alignment);
    return new LineSearch(task, generator, lineSettings);
  };
  const search = searchWith(options);
  const phraseSearch = options.constraints === null ? searchWith(withPhrases(options)) : search;
  const split = createSentenceSplitter(task.sourceLang);
  const scheduler = new BatchScheduler<SourceLine, TranslatedLine>(
    phraseSearch === search
      ? { cut: (lines) => search.cut(lines), compute: (lines) => search.translateBatch(lines) }
      : batchingWithPhrases(search, phraseSearch),
  );
  return {
    languages: { source: task.sourceLang, target: task.targetLang },
    device: opened.name,
    failure: null,
    get memory() {
      return memoryOf(models);
    },
    async translate(lines, callOptions) {
      checkStringArray('translate', 'line', lines);
      if (lines.length === 0) return [];
      const read = lines.map((line, index) => search.read(line, `line ${index + 1}`));
      const translated = await scheduler.run(read, callOptions);
      return translated.map(({ sentence: { translations } }) => ({
        ...(translations[0] ?? NO_TRANSLATION),
        nbest: translations.slice(0, options.nbest),
      }));
    },
    async translateTexts(texts, textOptions = {}) {
      checkStringArray('translateTexts', 'text', texts);
      const format = formatOf(textOptions);
      const phrases = phrasesOf(textOptions, texts.length);
      const nbest = nbestOf(textOptions, options.nbest);
      const sentences: SentenceSearch = {
        read: (sentence, name) => search.readSentence(sentence, name, nbest),
        encodePhrase: (phrase) => search.encodePhrase(phrase),
        translate: (lines) => scheduler.run(lines, textOptions),
      };
      if (phrases.some(({ length }) => length > 0)) checkPhrasesAllowed(options, (option) => option);
      checkPhrases(phrases, sentences);
      const settings = { split, nbest, unkIndex: task.sourceDictionary.unkIndex };
      if (format === 'plain') return translateTexts(texts, sentences, settings, phrases);
      const { translateDocuments } = await import('./document-translation.js');
      return translateDocuments(texts, sentences, { ...settings, divide: await loadDivider(format) }, phrases);
    },
    dispose: () => scheduler.whenIdle(() => disposeAll(models)), // a cancelled call may still be computed
  };
}

/** The built-in architectures and those of plug-ins. Everything else that plug-ins can be is loaded only if there are some. */
async function architecturesWith(plugins: readonly Plugin[]): Promise<Registry<ArchitectureDefinition>> {
  if (plugins.length === 0) return new Registry<ArchitectureDefinition>('arch', architectures);
  const { builtInComponents, registerPlugins } = await import('../components.js');
  const components = builtInComponents();
  registerPlugins(components, plugins);
  return components.architectures;
}

/** @throws UserError for a value that is not a plug-in, or an incomplete plug-in */
function checkPlugins(plugins: readonly unknown[]): Plugin[] {
  return plugins.map((plugin, index) => {
    const where = `Translator.load plugins[${index}]`;
    if (isPlugin(plugin)) return checkedPlugin(plugin, where);
    throw new UserError(`${where} is not a plug-in`, 'pass what defineModel or defineArchitecture returns');
  });
}

function checkSearch(options: SearchOptions): void {
  const { nbest, beam } = options;
  if (nbest > beam) throw new UserError(`nbest ${nbest} is more than beam ${beam}`, 'raise beam');
  checkStrategies(options, (option) => option);
}
