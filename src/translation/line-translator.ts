import { builtInComponents, registerPlugins } from '../components.js';
import { openDevice } from '../devices/index.js';
import { UserError } from '../errors.js';
import {
  BeamSearch,
  checkStrategies,
  outputOptions,
  type SearchOptions,
  searchOptions,
  symbolsOf,
  type Translation,
} from '../generation/index.js';
import { log } from '../log.js';
import { MOST_THREADS } from '../options/most-threads.js';
import { parseOptionValue } from '../options/parse.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { checkOptionValues } from '../options/values.js';
import { checkedPlugin } from '../plugins/checked-plugin.js';
import { isPlugin, type Plugin } from '../plugins/plugin.js';
import { codecOptions, createCodec } from './codec-options.js';
import { disposeAll, loadModels, taskOfCheckpoint } from './load-models.js';
import { LineSearch } from './translate-lines.js';
import type { LineTranslation, TranslatorOptions } from './translator.js';

/** The working part of a Translator; apart because it loads the tensor library. */
export interface LineTranslator {
  readonly languages: { readonly source: string; readonly target: string };
  translate(lines: readonly string[]): Promise<LineTranslation[]>;
  dispose(): void;
}

/** Where the options of the search rule every output out. */
const NOTHING: Translation = {
  text: '',
  detokenized: '',
  score: Number.NEGATIVE_INFINITY,
  tokens: [],
  tokenScores: [],
  alignment: null,
};

const { prefixSize: _, ...optionsOfSearch } = searchOptions;

const settingsOfTranslator = defineOptions({
  threads: { kind: 'int', default: null, min: 1, max: MOST_THREADS, help: 'threads of the device cpu' },
  maxTokens: { kind: 'int', default: null, min: 1, help: 'most tokens of a batch' },
  batchSize: { kind: 'int', default: null, min: 1, help: 'most sentences of a batch' },
  precision: { kind: 'choice', choices: ['float32', 'bfloat16', 'int8'], default: 'float32', help: 'of products' },
});

/** @throws UserError as `Translator.load` */
export async function loadLineTranslator(given: TranslatorOptions): Promise<LineTranslator> {
  const { path, data, device, tokenizer, bpeCodes, removeBpe, plugins, ...rest } = given;
  const stems = typeof path === 'string' ? [path] : (path ?? []);
  if (stems.length === 0) throw new UserError('no checkpoint is given', "add path, e.g. path: 'checkpoints/averaged'");
  if (typeof data !== 'string')
    throw new UserError('no dictionaries are given', "add data, e.g. data: 'data-bin/de-en'");
  const values = checkOptionValues('Translator.load', rest, { ...optionsOfSearch, ...settingsOfTranslator });
  const options = selectOptions(searchOptions, values);
  const { threads, maxTokens, batchSize, precision } = selectOptions(settingsOfTranslator, values);
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
  const models = await loadModels(stems, task, components.architectures, opened);
  const beamSearch = new BeamSearch(models, symbolsOf(task.targetDictionary), options);
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
    async translate(lines) {
      if (lines.length === 0) return [];
      const read = lines.map((line, index) => search.read(line, `line ${index + 1}`));
      const translated = await search.translate(read, (position, total) => {
        log.info('progress', { label: 'translating', position, total });
      });
      return translated.map(({ sentence: { translations } }) => ({
        ...(translations[0] ?? NOTHING),
        nbest: translations.slice(0, options.nbest),
      }));
    },
    dispose: () => disposeAll(models),
  };
}

/** @throws UserError for what is no plug-in, and for one that lacks something */
function checkPlugins(plugins: readonly unknown[]): Plugin[] {
  return plugins.map((plugin, index) => {
    const where = `Translator.load plugins[${index}]`;
    if (isPlugin(plugin)) return checkedPlugin(plugin, where);
    throw new UserError(`${where} is no plug-in`, 'give what defineModel or defineArchitecture returns');
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
