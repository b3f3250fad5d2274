import { UserError } from '../errors.js';
import { isModelFolder, openModelFolder } from '../model-folder/open-model-folder.js';
import { createPipeline, subwordScheme } from '../model-folder/pipeline.js';
import { parseOptionValue } from '../options/parse.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { describeValue } from '../plugins/described-value.js';
import { outputOptions } from '../search/index.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TextCodec } from '../text/codec.js';
import { codecOptions, createCodec } from './codec-options.js';
import type { TranslatorOptions } from './translator-options.js';

/** Where a Translator finds its models, and how it prepares text for them. */
export interface TranslatorSource {
  /** The checkpoints; several form an ensemble. */
  readonly stems: readonly string[];
  /** The folder with the dictionaries. */
  readonly data: string;
  readonly precision: 'float32' | 'bfloat16' | 'int8';
  /** Defaults of the search. */
  readonly search: OptionValues;
  /** The scheme that joins subwords; null leaves them unjoined. */
  readonly postProcess: string | null;
  createCodec(task: TranslationTask): Promise<TextCodec>;
}

/** The options of `Translator.load` that say where the models are. */
export type SourceOptions = Pick<TranslatorOptions, 'model' | 'path' | 'data' | 'tokenizer' | 'bpeCodes' | 'removeBpe'>;

/** @throws UserError if an option is missing, not a string or excluded by another, or a model folder is damaged */
export async function translatorSource({ model, ...options }: SourceOptions): Promise<TranslatorSource> {
  checkStrings({ model });
  if (model === undefined) return sourceOfCheckpoints(options);
  const other = Object.entries(options).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) {
    throw new UserError(`Translator.load: model and ${other} exclude each other`, `a model folder needs no ${other}`);
  }
  return sourceOfFolder(model);
}

/** @throws UserError for an option whose value should be a string and is not */
export function checkStrings(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const wrong = (Array.isArray(value) ? value : [value ?? '']).find((item) => typeof item !== 'string');
    if (wrong === undefined) continue;
    throw new UserError(`Translator.load ${name}: ${describeValue(wrong)}, not a string`, 'pass a string');
  }
}

/** The source of a model folder. @throws UserError as `openModelFolder` does */
export function sourceOfFolder(path: string): TranslatorSource {
  const { folder, manifest, stems, search } = openModelFolder(path);
  return {
    stems,
    data: folder,
    precision: manifest.precision,
    search,
    postProcess: subwordScheme(manifest),
    createCodec: () => createPipeline(manifest, folder),
  };
}

function sourceOfCheckpoints({ path, data, tokenizer, bpeCodes, removeBpe }: SourceOptions): TranslatorSource {
  const stems = typeof path === 'string' ? [path] : (path ?? []);
  checkStrings({ path: stems, tokenizer, bpeCodes });
  if (stems.length === 0) {
    throw new UserError('no checkpoint given', "add path, e.g. path: 'checkpoints/averaged', or model");
  }
  if (typeof data !== 'string') {
    const [first] = stems;
    if (data === undefined && isModelFolder(first!)) {
      throw new UserError(`path: ${first} is the folder of a model`, `pass model: '${first}'`);
    }
    throw new UserError('no dictionaries are given', "add data, e.g. data: 'data-bin/de-en'");
  }
  if (tokenizer !== undefined) parseOptionValue('Translator.load tokenizer', codecOptions.tokenizer, tokenizer);
  const options = selectOptions(codecOptions, {
    tokenizer: tokenizer ?? null,
    ...(bpeCodes !== undefined && { bpe: 'subword_nmt', bpeCodes }),
  });
  return {
    stems,
    data,
    precision: 'float32',
    search: {},
    postProcess: schemeOf(removeBpe ?? bpeCodes !== undefined),
    createCodec: (task) => createCodec(options, task),
  };
}

/** @throws UserError for an unknown scheme */
function schemeOf(removeBpe: boolean | string): string | null {
  if (typeof removeBpe === 'boolean') return removeBpe ? 'subword_nmt' : null;
  parseOptionValue('Translator.load removeBpe', outputOptions.postProcess, removeBpe);
  return removeBpe;
}
