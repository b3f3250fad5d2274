interface FlagBase {
  readonly long: string;
  readonly shorts: readonly string[];
  readonly group: string;
  readonly help: string;
}

export type FlagSpec = FlagBase &
  (
    | { readonly kind: 'boolean' }
    | {
        readonly kind: 'text';
        readonly metavar?: string;
        readonly choices?: readonly string[];
        readonly default: string | null;
      }
    | { readonly kind: 'integer'; readonly min: number; readonly max?: number; readonly default: number }
    | { readonly kind: 'number'; readonly min: number; readonly default: number | null }
    | {
        readonly kind: 'list';
        readonly metavar?: string;
        readonly choices?: readonly string[];
        readonly default: readonly string[] | null;
      }
  );

export const FORMATS = ['json', 'text', 'latex'] as const;
const METRICS = ['bleu', 'chrf', 'ter'] as const;
const SMOOTHING = ['none', 'floor', 'add-k', 'exp'] as const;

/** Each resample is a score of the whole corpus in memory. */
const MOST_RESAMPLES = 10_000_000;
/** The limit of JavaScript's `toFixed`. */
const MOST_DECIMALS = 100;

const INPUT = 'Input and metrics';
const BLEU = 'BLEU';
const CHRF = 'chrF';
const TER = "TER (the defaults are TERCOM's)";
const SIGNIFICANCE = 'Significance';
const REPORT = 'Report';

/** sacrebleu's flags. Help, parsing and the types of the values follow from this table. */
export const FLAGS = {
  input: {
    long: '--input',
    shorts: ['-i'],
    kind: 'list',
    metavar: 'HYP',
    default: null,
    group: INPUT,
    help: 'translations, one file per system; default: standard input, systems in tab-separated columns',
  },
  numRefs: {
    long: '--num-refs',
    shorts: ['-nr'],
    kind: 'integer',
    min: 1,
    default: 1,
    group: INPUT,
    help: 'number of references in one file, in tab-separated columns',
  },
  encoding: {
    long: '--encoding',
    shorts: ['-e'],
    kind: 'text',
    metavar: 'NAME',
    default: 'utf-8',
    group: INPUT,
    help: 'encoding of the files',
  },
  languagePair: {
    long: '--language-pair',
    shorts: ['-l'],
    kind: 'text',
    metavar: 'xx-yy',
    default: null,
    group: INPUT,
    help: "language pair; chooses BLEU's tokenizer: zh for Chinese, otherwise 13a",
  },
  metrics: {
    long: '--metrics',
    shorts: ['-m'],
    kind: 'list',
    choices: METRICS,
    default: ['bleu'],
    group: INPUT,
    help: 'metrics to compute',
  },
  sentenceLevel: {
    long: '--sentence-level',
    shorts: ['-sl'],
    kind: 'boolean',
    group: INPUT,
    help: 'one score per line',
  },

  smoothMethod: {
    long: '--smooth-method',
    shorts: ['-s'],
    kind: 'text',
    choices: SMOOTHING,
    default: 'exp',
    group: BLEU,
    help: 'smoothing of precisions that are zero',
  },
  smoothValue: {
    long: '--smooth-value',
    shorts: ['-sv'],
    kind: 'number',
    min: 0,
    default: null,
    group: BLEU,
    help: 'value for floor (0.1) or add-k (1)',
  },
  tokenize: {
    long: '--tokenize',
    shorts: ['-tok'],
    kind: 'text',
    metavar: 'NAME',
    default: null,
    group: BLEU,
    help: '13a, intl, zh, char or none; default: by language pair, otherwise 13a',
  },
  spmModel: {
    long: '--spm-model',
    shorts: [],
    kind: 'text',
    metavar: 'FILE',
    default: null,
    group: BLEU,
    help: 'SentencePiece model, for the tokenizers spm, flores101, flores200 and spBLEU-1K (not in sacrebleu)',
  },
  lowercase: { long: '--lowercase', shorts: ['-lc'], kind: 'boolean', group: BLEU, help: 'ignore case' },
  force: {
    long: '--force',
    shorts: [],
    kind: 'boolean',
    group: BLEU,
    help: 'do not warn about text that looks tokenized',
  },

  chrfCharOrder: {
    long: '--chrf-char-order',
    shorts: ['-cc'],
    kind: 'integer',
    min: 0,
    default: 6,
    group: CHRF,
    help: 'longest character n-grams',
  },
  chrfWordOrder: {
    long: '--chrf-word-order',
    shorts: ['-cw'],
    kind: 'integer',
    min: 0,
    default: 0,
    group: CHRF,
    help: 'longest word n-grams; 2 is chrF++',
  },
  chrfBeta: {
    long: '--chrf-beta',
    shorts: [],
    kind: 'integer',
    min: 0,
    default: 2,
    group: CHRF,
    help: 'weight of recall relative to precision',
  },
  chrfWhitespace: {
    long: '--chrf-whitespace',
    shorts: [],
    kind: 'boolean',
    group: CHRF,
    help: 'n-grams include white space',
  },
  chrfLowercase: { long: '--chrf-lowercase', shorts: [], kind: 'boolean', group: CHRF, help: 'ignore case' },
  chrfEpsSmoothing: {
    long: '--chrf-eps-smoothing',
    shorts: [],
    kind: 'boolean',
    group: CHRF,
    help: 'smooth as chrF++.py, NLTK and Moses do, instead of ignoring orders without n-grams',
  },

  terCaseSensitive: {
    long: '--ter-case-sensitive',
    shorts: [],
    kind: 'boolean',
    group: TER,
    help: 'do not ignore case',
  },
  terAsianSupport: {
    long: '--ter-asian-support',
    shorts: [],
    kind: 'boolean',
    group: TER,
    help: 'extend the two options below to CJK characters and punctuation',
  },
  terNoPunct: { long: '--ter-no-punct', shorts: [], kind: 'boolean', group: TER, help: 'remove punctuation' },
  terNormalized: {
    long: '--ter-normalized',
    shorts: [],
    kind: 'boolean',
    group: TER,
    help: 'split punctuation from words',
  },

  confidence: {
    long: '--confidence',
    shorts: ['-ci'],
    kind: 'boolean',
    group: SIGNIFICANCE,
    help: 'confidence interval of one system by bootstrap resampling',
  },
  confidenceN: {
    long: '--confidence-n',
    shorts: ['-cin'],
    kind: 'integer',
    min: 1,
    max: MOST_RESAMPLES,
    default: 1000,
    group: SIGNIFICANCE,
    help: 'number of resamples',
  },
  pairedAr: {
    long: '--paired-ar',
    shorts: ['-par'],
    kind: 'boolean',
    group: SIGNIFICANCE,
    help: 'compare systems with the first one by approximate randomization',
  },
  pairedArN: {
    long: '--paired-ar-n',
    shorts: ['-parn'],
    kind: 'integer',
    min: 1,
    max: MOST_RESAMPLES,
    default: 10000,
    group: SIGNIFICANCE,
    help: 'number of trials',
  },
  pairedBs: {
    long: '--paired-bs',
    shorts: ['-pbs'],
    kind: 'boolean',
    group: SIGNIFICANCE,
    help: 'compare systems with the first one by paired bootstrap resampling',
  },
  pairedBsN: {
    long: '--paired-bs-n',
    shorts: ['-pbsn'],
    kind: 'integer',
    min: 1,
    max: MOST_RESAMPLES,
    default: 1000,
    group: SIGNIFICANCE,
    help: 'number of resamples',
  },
  pairedJobs: {
    long: '--paired-jobs',
    shorts: ['-j'],
    kind: 'integer',
    min: 0,
    default: 1,
    group: SIGNIFICANCE,
    help: 'accepted without effect',
  },

  quiet: { long: '--quiet', shorts: ['-q'], kind: 'boolean', group: REPORT, help: 'no messages' },
  short: { long: '--short', shorts: ['-sh'], kind: 'boolean', group: REPORT, help: 'short signatures' },
  scoreOnly: { long: '--score-only', shorts: ['-b'], kind: 'boolean', group: REPORT, help: 'print only the score' },
  width: {
    long: '--width',
    shorts: ['-w'],
    kind: 'integer',
    min: 0,
    max: MOST_DECIMALS,
    default: 1,
    group: REPORT,
    help: 'decimals of scores',
  },
  noColor: {
    long: '--no-color',
    shorts: ['-nc'],
    kind: 'boolean',
    group: REPORT,
    help: 'no colours; the variable NO_COLOR has the same effect',
  },
  format: {
    long: '--format',
    shorts: ['-f'],
    kind: 'text',
    choices: FORMATS,
    default: 'json',
    group: REPORT,
    help: 'output format; latex is for several systems; the variable SACREBLEU_FORMAT overrides it',
  },
  version: { long: '--version', shorts: ['-V'], kind: 'boolean', group: REPORT, help: 'print the version and exit' },
  help: { long: '--help', shorts: ['-h'], kind: 'boolean', group: REPORT, help: 'print this help and exit' },
} as const satisfies Record<string, FlagSpec>;

/** sacrebleu's flags for the test sets that it downloads. */
export const TEST_SET_FLAGS: readonly string[] = [
  '--test-set',
  '-t',
  '--list',
  '--download',
  '--echo',
  '--origlang',
  '-ol',
  '--subset',
  '--citation',
  '--cite',
  '--detail',
  '-d',
];

type Choice<Spec> = Spec extends { readonly choices: readonly (infer Name)[] } ? Name : string;

type ValueOf<Spec> = Spec extends { readonly kind: 'boolean' }
  ? boolean
  : Spec extends { readonly kind: 'integer' }
    ? number
    : Spec extends { readonly kind: 'number' }
      ? number | null
      : Spec extends { readonly kind: 'list'; readonly default: infer Default }
        ? readonly Choice<Spec>[] | (Default extends null ? null : never)
        : Spec extends { readonly default: infer Default }
          ? Choice<Spec> | (Default extends null ? null : never)
          : never;

/** The values of the flags, by the keys of `FLAGS`. */
export type Values = { readonly [Key in keyof typeof FLAGS]: ValueOf<(typeof FLAGS)[Key]> };
