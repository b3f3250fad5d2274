import { UserError } from '../../errors.js';
import { flagOf } from '../../options/schema.js';
import { type SearchOptions, searchOptions } from '../options.js';
import { beamStrategy } from './beam.js';
import { constrainedStrategy } from './constrained.js';
import { diverseBeamsStrategy } from './diverse-beams.js';
import { matchSourceLengthStrategy } from './match-source-length.js';
import { samplingStrategy } from './sampling.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

export type { SearchStrategy, SentencePhrases } from './strategy.js';

/** What a choice of the strategy depends on. */
type StrategyOptions = Omit<SearchOptions, 'prefixSize'>;

interface StrategyEntry {
  /** The option that turns it on. */
  readonly option: keyof SearchOptions;
  isAsked(options: StrategyOptions): boolean;
  build(context: StrategyContext): SearchStrategy;
}

/** Every strategy; without any of them the search is a beam search, that of diverse siblings with its option. */
const strategies: readonly StrategyEntry[] = [
  { option: 'sampling', isAsked: ({ sampling }) => sampling, build: samplingStrategy },
  {
    option: 'diverseBeamGroups',
    isAsked: ({ diverseBeamGroups }) => diverseBeamGroups > 0,
    build: diverseBeamsStrategy,
  },
  { option: 'matchSourceLen', isAsked: ({ matchSourceLen }) => matchSourceLen, build: matchSourceLengthStrategy },
  { option: 'diversityRate', isAsked: ({ diversityRate }) => diversityRate > 0, build: beamStrategy },
  { option: 'constraints', isAsked: ({ constraints }) => constraints !== null, build: constrainedStrategy },
];

/** The strategy that the options ask for. */
export function chooseStrategy(context: StrategyContext): SearchStrategy {
  const asked = strategies.find(({ isAsked }) => isAsked(context.options));
  // Constraints of a batch without any phrase are none.
  if (asked?.option === 'constraints' && context.phrases === null) return beamStrategy(context);
  return (asked?.build ?? beamStrategy)(context);
}

/** How a caller writes the name of an option, for messages. */
export type OptionSpelling = (option: keyof SearchOptions) => string;

/** Spells an option as its flag. */
export const asFlag: OptionSpelling = (option) => flagOf(option, searchOptions[option]);

/** @throws UserError for options of the search that do not go together */
export function checkStrategies(options: StrategyOptions, spelling: OptionSpelling = asFlag): void {
  const { beam, nbest, sampling, samplingTopk, samplingTopp, diverseBeamGroups } = options;
  const [first, second] = strategies.filter(({ isAsked }) => isAsked(options)).map(({ option }) => spelling(option));
  if (second !== undefined) throw new UserError(`${first} and ${second} are two ways to search`, 'choose one');
  for (const option of ['samplingTopk', 'samplingTopp'] as const) {
    if (options[option] > 0 && !sampling)
      throw new UserError(`${spelling(option)} requires ${spelling('sampling')}`, `add ${spelling('sampling')}`);
  }
  if (samplingTopk > 0 && samplingTopp > 0) {
    throw new UserError(`${spelling('samplingTopk')} and ${spelling('samplingTopp')} cannot go together`, 'choose one');
  }
  if (sampling && nbest !== beam) {
    const [many, wide] = [spelling('nbest'), spelling('beam')];
    throw new UserError(
      `with ${spelling('sampling')}, ${many} ${nbest} has to equal ${wide} ${beam}: every hypothesis is one draw`,
      `give ${many} ${beam} or ${wide} ${nbest}`,
    );
  }
  if (diverseBeamGroups > 0 && beam % diverseBeamGroups !== 0) {
    throw new UserError(
      `${spelling('beam')} ${beam} is not a multiple of ${spelling('diverseBeamGroups')} ${diverseBeamGroups}`,
      `choose a beam that is, e.g. ${diverseBeamGroups * Math.ceil(beam / diverseBeamGroups)}`,
    );
  }
}
