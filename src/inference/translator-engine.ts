import { builtInComponents, registerPlugins } from '../components.js';
import { openDevice } from '../devices/index.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { MOST_THREADS } from '../options/most-threads.js';
import { parseOptionValue } from '../options/parse.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { checkOptionValues } from '../options/values.js';
import { checkedPlugin } from '../plugins/checked-plugin.js';
import { describeValue } from '../plugins/described-value.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { isPlugin, type Plugin } from '../plugins/plugin.js';
import {
  checkStrategies,
  outputOptions,
  type SearchOptions,
  SequenceGenerator,
  searchOptions,
  symbolsOf,
  type Translation,
} from '../search/index.js';
import { codecOptions, createCodec } from './codec-options.js';
import { LineSearch } from './line-search.js';
import { disposeAll, loadModels, taskOfCheckpoint } from './load-models.js';
import type { TranslatorOptions } from './translator-options.js';

/** The best translation of a line, and its n-best list. */
export interface LineTranslation extends Translation {
  /** The `nbest` best translations, best first. */
  readonly nbest: readonly Translation[];
}

/** The implementation of a Translator, in a module of its own because it loads the tensor library. */
export interface TranslatorEngine {
  readonly languages: { readonly source: string; readonly target: string };
  /** The name of the device: `cpu`, `wasm`, … */
  readonly device: string;
  translate(lines: readonly string[]): Promise<LineTranslation[]>;
  dispose(): void;
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
  precision: {
    kind: 'choice',
    choices: ['float32', 'bfloat16', 'int8'],
    default: 'float32',
    help: 'precision of matrix products',
  },
});

/** Options of Translator.load without a schema. */
const OWN_OPTIONS: readonly string[] = ['path', 'data', 'device', 'tokenizer', 'bpeCodes', 'removeBpe', 'plugins'];

/** @throws UserError for an unknown option, suggesting the most similar one */
function checkNames(options: object): void {
  const known = [...OWN_OPTIONS, ...Object.keys(translatorSettings), ...Object.keys(generatorOptions)];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new UserError(`Translator.load: unknown option '${unknown}'`, didYouMean(unknown, known));
}

/** @throws UserError for an option whose value should be a string and is not */
function checkStrings(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const wrong = (Array.isArray(value) ? value : [value ?? '']).find((item) => typeof item !== 'string');
    if (wrong === undefined) continue;
    throw new UserError(`Translator.load ${name}: ${describeValue(wrong)}, not a string`, 'pass a string');
  }
}

/** @throws UserError if `lines` is not an array of strings, naming the first line that is not a string */
function checkLines(lines: unknown): void {
  if (!Array.isArray(lines)) {
    throw new UserError(
      `translate: the lines are ${describeValue(lines)}, not an array`,
      "pass an array such as ['a line', …]",
    );
  }
  for (const [index, line] of lines.entries()) {
    if (typeof line === 'string') continue;
    throw new UserError(`line ${index + 1} is ${describeValue(line)}, not a string`, 'pass every line as a string');
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

/** @throws UserError like `Translator.load` */
export async function loadTranslatorEngine(translatorOptions: TranslatorOptions): Promise<TranslatorEngine> {
  const { path, data, device, tokenizer, bpeCodes, removeBpe, plugins, ...rest } = translatorOptions;
  checkNames(translatorOptions);
  const stems = typeof path === 'string' ? [path] : (path ?? []);
  checkStrings({ path: stems, device, tokenizer, bpeCodes });
  if (stems.length === 0) throw new UserError('no checkpoint given', "add path, e.g. path: 'checkpoints/averaged'");
  if (typeof data !== 'string')
    throw new UserError('no dictionaries are given', "add data, e.g. data: 'data-bin/de-en'");
  const values = checkOptionValues('Translator.load', rest, { ...generatorOptions, ...translatorSettings });
  const options = selectOptions(searchOptions, values);
  const { threads, maxTokens, batchSize, precision } = selectOptions(translatorSettings, values);
  checkSearch(options);
  if (tokenizer !== undefined) parseOptionValue('Translator.load tokenizer', codecOptions.tokenizer, tokenizer);
  const postProcess = schemeOf(removeBpe ?? bpeCodes !== undefined);
  const components = builtInComponents();
  registerPlugins(components, checkPlugins(plugins ?? []));
  const task = await taskOfCheckpoint(stems[0]!, data);
  const codec = await createCodec(
    selectOptions(codecOptions, {
      tokenizer: tokenizer ?? null,
      ...(bpeCodes !== undefined && { bpe: 'subword_nmt', bpeCodes }),
    }),
    task,
  );
  const settings = { threads, bfloat16: precision === 'bfloat16', int8: precision === 'int8' };
  const opened = await openDevice(device ?? null, settings);
  if (device === undefined && opened.name === 'wasm') warnAboutWasm();
  const models = await loadModels(stems, task, components.architectures, opened);
  const beamSearch = new SequenceGenerator(models, symbolsOf(task.targetDictionary), options);
  const search = new LineSearch(task, beamSearch, {
    codec,
    postProcess,
    printAlignment: null,
    unknownWords: null,
    maxTokens,
    batchSize,
  });
  return {
    languages: { source: task.sourceLang, target: task.targetLang },
    device: opened.name,
    async translate(lines) {
      checkLines(lines);
      if (lines.length === 0) return [];
      const read = lines.map((line, index) => search.read(line, `line ${index + 1}`));
      const translated = await search.translate(read, (position, total) => {
        log.info('progress', { label: 'translating', position, total });
      });
      return translated.map(({ sentence: { translations } }) => ({
        ...(translations[0] ?? NO_TRANSLATION),
        nbest: translations.slice(0, options.nbest),
      }));
    },
    dispose: () => disposeAll(models),
  };
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

/** @throws UserError for an unknown scheme */
function schemeOf(removeBpe: boolean | string): string | null {
  if (typeof removeBpe === 'boolean') return removeBpe ? 'subword_nmt' : null;
  parseOptionValue('Translator.load removeBpe', outputOptions.postProcess, removeBpe);
  return removeBpe;
}
