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

/** The options that decide the strategy. */
type StrategyOptions = Omit<SearchOptions, 'prefixSize'>;

interface StrategyEntry {
  /** The option that enables the strategy. */
  readonly option: keyof SearchOptions;
  isEnabled(options: StrategyOptions): boolean;
  build(context: StrategyContext): SearchStrategy;
}

/** All strategies with an option. Without one, the search is a plain beam search. */
const strategies: readonly StrategyEntry[] = [
  { option: 'sampling', isEnabled: ({ sampling }) => sampling, build: samplingStrategy },
  {
    option: 'diverseBeamGroups',
    isEnabled: ({ diverseBeamGroups }) => diverseBeamGroups > 0,
    build: diverseBeamsStrategy,
  },
  { option: 'matchSourceLen', isEnabled: ({ matchSourceLen }) => matchSourceLen, build: matchSourceLengthStrategy },
  { option: 'diversityRate', isEnabled: ({ diversityRate }) => diversityRate > 0, build: beamStrategy },
  { option: 'constraints', isEnabled: ({ constraints }) => constraints !== null, build: constrainedStrategy },
];

/** Creates the strategy that the options select. */
export function chooseStrategy(context: StrategyContext): SearchStrategy {
  const enabled = strategies.find(({ isEnabled }) => isEnabled(context.options));
  // A batch without any phrase has no constraints.
  if (enabled?.option === 'constraints' && context.phrases === null) return beamStrategy(context);
  return (enabled?.build ?? beamStrategy)(context);
}

/** The options of a search whose outputs contain phrases, in any order unless the options say otherwise. */
export const withPhrases = (options: SearchOptions): SearchOptions => ({
  ...options,
  sampling: false,
  samplingTopk: -1,
  samplingTopp: -1,
  diverseBeamGroups: -1,
  matchSourceLen: false,
  diversityRate: -1,
  constraints: options.constraints ?? 'unordered',
});

/** @throws UserError for an option that excludes phrases */
export function checkPhrasesAllowed(options: StrategyOptions, spelling: OptionSpelling = asFlag): void {
  const enabled = strategies.find(({ option, isEnabled }) => option !== 'constraints' && isEnabled(options));
  if (enabled === undefined) return;
  throw new UserError(`phrases and ${spelling(enabled.option)} cannot be combined`, 'choose one');
}

/** Spells the name of an option in messages, e.g. as a flag. */
export type OptionSpelling = (option: keyof SearchOptions) => string;

/** Spells an option as its flag. */
export const asFlag: OptionSpelling = (option) => flagOf(option, searchOptions[option]);

/** @throws UserError for search options that cannot be combined */
export function checkStrategies(options: StrategyOptions, spelling: OptionSpelling = asFlag): void {
  const { beam, nbest, sampling, samplingTopk, samplingTopp, diverseBeamGroups } = options;
  const [first, second] = strategies
    .filter(({ isEnabled }) => isEnabled(options))
    .map(({ option }) => spelling(option));
  if (second !== undefined) throw new UserError(`${first} and ${second} cannot be combined`, 'choose one');
  for (const option of ['samplingTopk', 'samplingTopp'] as const) {
    if (options[option] > 0 && !sampling)
      throw new UserError(`${spelling(option)} requires ${spelling('sampling')}`, `add ${spelling('sampling')}`);
  }
  if (samplingTopk > 0 && samplingTopp > 0) {
    throw new UserError(`${spelling('samplingTopk')} and ${spelling('samplingTopp')} cannot be combined`, 'choose one');
  }
  if (sampling && nbest !== beam) {
    const [many, wide] = [spelling('nbest'), spelling('beam')];
    throw new UserError(
      `with ${spelling('sampling')}, ${many} ${nbest} must equal ${wide} ${beam}: every hypothesis is one draw`,
      `use ${many} ${beam} or ${wide} ${nbest}`,
    );
  }
  if (diverseBeamGroups > 0 && beam % diverseBeamGroups !== 0) {
    throw new UserError(
      `${spelling('beam')} ${beam} is not a multiple of ${spelling('diverseBeamGroups')} ${diverseBeamGroups}`,
      `choose a multiple, e.g. ${diverseBeamGroups * Math.ceil(beam / diverseBeamGroups)}`,
    );
  }
}
