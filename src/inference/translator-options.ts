import type { PostProcess } from '../data/post-process.js';
import type { Plugin } from '../plugins/plugin.js';
import type { SearchOptions } from '../search/index.js';

/** What a Translator is made of; the options of the search have fairseq's names and defaults in camelCase. */
export interface TranslatorOptions extends Partial<Omit<SearchOptions, 'prefixSize'>> {
  /** Checkpoint by its stem, e.g. `checkpoints/averaged`, or fairseq's `model.pt`; several are an ensemble. */
  readonly path: string | readonly string[];
  /** Folder with the dictionaries that the checkpoint was trained with, `dict.LANG.txt`; no corpus is needed. */
  readonly data: string;
  /** `cpu`, `wasm`, …; without it `cpu` where the native add-on is built, else `wasm`. */
  readonly device?: string;
  /** Threads of the device `cpu`, 1 to 1024; without it the processors that the process may use. */
  readonly threads?: number;
  /** What matrix products compute in on the device `cpu`; int8 is fastest. Default `float32`. */
  readonly precision?: 'float32' | 'bfloat16' | 'int8';
  /** Most tokens of a batch: sentences × the longest of them with `</s>`. Default 12,000. */
  readonly maxTokens?: number;
  /** Most sentences of a batch. */
  readonly batchSize?: number;
  /** Tokenizes lines with Moses's tokenizer, before subwords; `detokenized` is then plain text. Default: lines are tokens. */
  readonly tokenizer?: 'moses';
  /** A file of BPE codes: lines come in as words, subwords are made of them and joined again in what comes out. */
  readonly bpeCodes?: string;
  /**
   * Joins the subwords of the output: true is `subword_nmt`, or name a scheme as `--remove-bpe` does. Default: true with
   * `bpeCodes`, else false.
   */
  readonly removeBpe?: boolean | PostProcess;
  /** Models and architectures of one's own that the checkpoint may name; on the command line, those of `--user-dir`. */
  readonly plugins?: readonly Plugin[];
}
