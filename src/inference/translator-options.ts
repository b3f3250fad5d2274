import type { PostProcess } from '../data/post-process.js';
import type { Plugin } from '../plugins/plugin.js';
import type { SearchOptions } from '../search/index.js';

/** Options of `Translator.load`. Search options have fairseq's names, in camelCase, and fairseq's defaults. */
export interface TranslatorOptions extends Partial<Omit<SearchOptions, 'prefixSize'>> {
  /**
   * Path of a checkpoint without its suffix, e.g. `checkpoints/averaged`, or fairseq's `model.pt`; several form an
   * ensemble.
   */
  readonly path?: string | readonly string[];
  /** Folder with the checkpoint's dictionaries `dict.LANG.txt`; it needs no corpus. */
  readonly data?: string;
  /** A folder that `ts-fairseq export` wrote, instead of `path`, `data`, `tokenizer`, `bpeCodes` and `removeBpe`. */
  readonly model?: string;
  /** `cpu`, `wasm`, … Default: `cpu` if the native add-on is built, otherwise `wasm`. */
  readonly device?: string;
  /** Threads of the device `cpu`, 1 to 1024. Default: the number of processors that the process may use. */
  readonly threads?: number;
  /** Precision of matrix products on the device `cpu`; int8 is the fastest. Default: `float32`. */
  readonly precision?: 'float32' | 'bfloat16' | 'int8';
  /** Whether `alignment` says which source token each output token attends to most. Default: false. */
  readonly alignment?: boolean;
  /** Maximum tokens in a batch: sentences × length of the longest, including `</s>`. Default: 12,000. */
  readonly maxTokens?: number;
  /** Maximum sentences in a batch. Default: no limit. */
  readonly batchSize?: number;
  /**
   * Tokenizes lines with the Moses tokenizer before BPE; `detokenized` is then plain text. Default: lines are
   * tokenized.
   */
  readonly tokenizer?: 'moses';
  /** Path of a file of BPE codes. Words of the input are split into subwords; subwords of the output are joined. */
  readonly bpeCodes?: string;
  /**
   * Joins the subwords of the output. `true` means `subword_nmt`; other values are those of `--remove-bpe`. Default:
   * `true` with `bpeCodes`, otherwise `false`.
   */
  readonly removeBpe?: boolean | PostProcess;
  /**
   * Computes in the calling thread, which translations then block. By default, a thread that all Translators of the process
   * share computes, and Translators with equal options share their models. With `plugins`, which are functions, always true.
   */
  readonly inline?: boolean;
  /** Plug-in models and architectures that the checkpoint may use, like those of `--user-dir` on the command line. */
  readonly plugins?: readonly Plugin[];
}
