import { UserError } from '../../errors.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { TextBleuScorer } from '../../scoring/bleu-scorer.js';
import { metricLine } from '../../scoring/metric-line.js';
import { type SacrebleuScoring, SCORINGS } from '../../scoring/scorings.js';
import { readParallelLines } from '../../text/lines.js';
import { defineCommand } from '../command.js';

const options = defineOptions({
  sys: {
    kind: 'string',
    default: '-',
    aliases: ['-s'],
    metavar: 'FILE',
    help: 'translations, one per line; - is stdin',
  },
  ref: { kind: 'string', default: null, aliases: ['-r'], metavar: 'FILE', help: 'references, one per line' },
  order: { kind: 'int', default: 4, aliases: ['-o'], min: 1, max: 4, help: 'maximum length of n-grams' },
  ignoreCase: { kind: 'boolean', default: false, help: 'lowercase both texts' },
  scoring: {
    kind: 'choice',
    choices: SCORINGS,
    default: 'bleu',
    help: "bleu: BLEU of tokenized text; the others score untokenized text and print sacrebleu's signature",
  },
  sacrebleu: { kind: 'boolean', default: false, help: 'the same as --scoring sacrebleu' },
  sentenceBleu: { kind: 'boolean', default: false, help: 'one score per line, with add-one smoothing' },
});

type ScoreOptions = OptionsOf<typeof options>;
type LinePair = readonly [hypothesis: string, reference: string];

export const scoreCommand = defineCommand({
  name: 'score',
  description: 'Prints the score of translations: BLEU of tokenized text, or sacreBLEU, chrF or TER.',
  options,
  examples: [
    'ts-fairseq score --sys translations.en --ref test.en --sacrebleu',
    'ts-fairseq score --sys translations.en --ref test.en --scoring chrf',
  ],
  async run({ options }) {
    if (options.ref === null) throw new UserError('--ref is missing', 'name the file with the references');
    const pairs = atLeastOne(readParallelLines(options.sys, options.ref), options.ref);
    for (const line of resultLines(pairs, options)) process.stdout.write(`${line}\n`);
  },
});

/** @throws UserError if there is no line */
function* atLeastOne(pairs: Iterable<LinePair>, reference: string): Generator<LinePair> {
  let count = 0;
  for (const pair of pairs) {
    count += 1;
    yield pair;
  }
  if (count === 0) throw new UserError(`${reference} has no lines to score`, 'check the files');
}

function* resultLines(pairs: Iterable<LinePair>, options: ScoreOptions): Generator<string> {
  const scoring = options.sacrebleu ? 'sacrebleu' : options.scoring;
  if (scoring !== 'bleu') yield sacrebleuLine(scoring, pairs, options);
  else if (options.sentenceBleu) yield* sentenceLines(pairs, options);
  else yield tokenizedLine(pairs, options);
}

/** `BLEU|nrefs:1|case:mixed|…|version:2.6.0 = 38.46 …`: the score with its signature. */
function sacrebleuLine(scoring: SacrebleuScoring, lines: Iterable<LinePair>, options: ScoreOptions): string {
  if (options.sentenceBleu) {
    const flag = options.sacrebleu ? '--sacrebleu' : `--scoring ${scoring}`;
    throw new UserError(`${flag} and --sentence-bleu cannot be combined`, 'remove one of them');
  }
  const pairs = Array.from(lines, ([hypothesis, reference]) => ({ hypothesis, reference }));
  return metricLine(scoring, pairs, options);
}

function tokenizedLine(pairs: Iterable<LinePair>, { order, ignoreCase }: ScoreOptions): string {
  const scorer = new TextBleuScorer();
  for (const [hypothesis, reference] of pairs) {
    scorer.addLine(inCase(reference, ignoreCase), inCase(hypothesis, ignoreCase));
  }
  return scorer.resultLine(order);
}

function* sentenceLines(pairs: Iterable<LinePair>, { order, ignoreCase }: ScoreOptions): Generator<string> {
  let index = 0;
  for (const [hypothesis, reference] of pairs) {
    const scorer = new TextBleuScorer({ addOne: true });
    scorer.addLine(inCase(reference, ignoreCase), inCase(hypothesis, ignoreCase));
    yield `${index++} ${scorer.resultLine(order)}`;
  }
}

const inCase = (line: string, ignoreCase: boolean): string => (ignoreCase ? line.toLowerCase() : line);
