import { type CodecOptions, codecOptions, createCodec } from '../../inference/codec-options.js';
import type { ModelFolder } from '../../model-folder/open-model-folder.js';
import { createPipeline, subwordScheme } from '../../model-folder/pipeline.js';
import type { OptionValues } from '../../options/schema.js';
import type { TranslationTask } from '../../tasks/translation.js';
import type { TextCodec } from '../../text/codec.js';

/**
 * The options of a command, with the defaults of a model folder for those that the user did not set: the search, the precision
 * and how subwords are joined.
 */
export function withFolderDefaults<Options extends OptionValues>(
  options: Options,
  explicitKeys: ReadonlySet<string>,
  opened: ModelFolder | null,
): Options {
  if (opened === null) return options;
  const { precision } = opened.manifest;
  const defaults = {
    ...opened.search,
    ...(!explicitKeys.has('int8') &&
      !explicitKeys.has('bf16') &&
      !explicitKeys.has('fp16') &&
      precisionFlags(precision)),
    postProcess: subwordScheme(opened.manifest),
  };
  const unset = Object.entries(defaults).filter(([key]) => key in options && !explicitKeys.has(key));
  return { ...options, ...Object.fromEntries(unset) };
}

const precisionFlags = (precision: 'float32' | 'bfloat16' | 'int8'): OptionValues => ({
  int8: precision === 'int8',
  bf16: precision === 'bfloat16',
});

/** The codec of a model folder, unless the user set one of fairseq's options for text. */
export async function codecOf(
  options: CodecOptions,
  explicitKeys: ReadonlySet<string>,
  opened: ModelFolder | null,
  task: TranslationTask,
): Promise<TextCodec> {
  const isChosen = Object.keys(codecOptions).some((key) => explicitKeys.has(key));
  if (opened === null || isChosen) return createCodec(options, task);
  return createPipeline(opened.manifest, opened.folder);
}
