/** The library: `import { load } from 'ts-fairseq-translate'`. It is the part of 'ts-fairseq' that translates. */
import { Translator, type TranslatorOptions } from '../../../src/inference/translator.js';

export * from '../../../src/index-translation.js';

/**
 * Loads a model: the same as `Translator.load`.
 * @param options the folder of a model that `ts-fairseq export` wrote, or the options of `Translator.load`
 * @throws UserError like `Translator.load`
 */
export const load = (options: string | TranslatorOptions): Promise<Translator> => Translator.load(options);
