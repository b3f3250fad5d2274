import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import type { SearchOptions } from '../../../src/search/options.js';
import { beamStrategy } from '../../../src/search/strategies/beam.js';
import { diverseBeamsStrategy } from '../../../src/search/strategies/diverse-beams.js';
import { checkStrategies, chooseStrategy } from '../../../src/search/strategies/index.js';
import { matchSourceLengthStrategy } from '../../../src/search/strategies/match-source-length.js';
import type { SearchStrategy, StrategyContext } from '../../../src/search/strategies/strategy.js';
import { contextOf, rowsOf, SYMBOLS, stepOf } from './rows.js';

const { eosIndex: EOS } = SYMBOLS;

/** log p of two beams over <s>, <pad>, </s>, <unk> and four words. */
const ROWS = [
  [-9, -0.1, -2, -9, -1, -3, -4, -5],
  [-9, -0.1, -2.5, -9, -1.25, -0.5, -6, -7],
];
const TOTALS = [-1, -2];

/** The candidates of a step as `beam token score`. */
function chosen(strategy: SearchStrategy, step = 1, rows: readonly (readonly number[])[] = ROWS): string[] {
  const { beams, tokens, scores } = strategy.choose(stepOf(step, rowsOf(rows, strategy.width), TOTALS));
  return Array.from(beams, (beam, at) => `${beam} ${tokens[at]} ${scores[at]}`);
}

const context = (options: Partial<SearchOptions>, more: Partial<StrategyContext> = {}): StrategyContext =>
  contextOf({ beam: 2, ...options }, ROWS[0]!.length, more);

describe('beam search', () => {
  it('takes the best continuations except padding', () => {
    expect(chosen(beamStrategy(context({})))).toEqual(['0 4 -2', '1 5 -2.5', '0 2 -3', '1 4 -3.25']);
  });

  it('subtracts the rate times the rank from siblings, from the second step on', () => {
    const strategy = beamStrategy(context({ diversityRate: 0.5 }));
    expect(chosen(strategy)).toEqual(['0 4 -2.5', '1 5 -3', '0 2 -4', '1 4 -4.25']);
    expect(chosen(strategy, 0)).toEqual(['0 4 -1', '0 2 -2', '0 5 -3', '0 6 -4']);
  });
});

describe('diverse beams', () => {
  it('subtracts the strength from what an earlier group chose', () => {
    const rows = [ROWS[0]!, ROWS[0]!];
    const strength = (diverseBeamStrength: number) =>
      chosen(diverseBeamsStrategy(context({ diverseBeamGroups: 2, diverseBeamStrength })), 1, rows);
    expect(strength(0.5)).toEqual(['0 4 -2', '1 4 -3.5']);
    expect(strength(2)).toEqual(['0 4 -2', '1 2 -4']);
  });

  it('subtracts more the longer two groups agree', () => {
    const strategy = diverseBeamsStrategy(context({ diverseBeamGroups: 2, diverseBeamStrength: 0.5 }));
    const rows = [ROWS[0]!, ROWS[0]!];
    expect(chosen(strategy, 0, rows)).toEqual(['0 4 -1', '1 4 -1.5']);
    // They agreed once: 0.5 · (1 + 1) makes `4` as likely as `2`, and the lower token wins.
    expect(chosen(strategy, 1, rows)).toEqual(['0 4 -2', '1 2 -4']);
  });

  it('is plain beam search with one group', () => {
    const strategy = diverseBeamsStrategy(context({ diverseBeamGroups: 1 }));
    expect(chosen(strategy)).toEqual(chosen(beamStrategy(context({}))).slice(0, 2));
  });
});

describe('outputs as long as their source', () => {
  const strategy = matchSourceLengthStrategy(context({ matchSourceLen: true }, { sourceLengths: Int32Array.of(3) }));

  it('do not end before its length', () => {
    expect(chosen(strategy, 2)).toEqual(['0 4 -2', '1 5 -2.5', '1 4 -3.25', '0 5 -4']);
  });

  it('end at its length, whatever the model predicts', () => {
    expect(chosen(strategy, 3)).toEqual([`0 ${EOS} -1`, '0 4 -2', `1 ${EOS} -2`, '1 5 -2.5']);
  });
});

describe('constrained search', () => {
  it('is plain beam search if no sentence has phrases', () => {
    const plain = chooseStrategy(context({ constraints: 'ordered' }));
    expect(chosen(plain)).toEqual(chosen(beamStrategy(context({}))));
  });

  it.each(['ordered', 'unordered'] as const)('puts the next token of a phrase first, %s', (constraints) => {
    const strategy = chooseStrategy(context({ constraints }, { phrases: [[Int32Array.of(7, 6)]] }));
    const first = chosen(strategy, 0);
    expect(first).toEqual(['0 7 -5', '0 4 -1', '0 2 -2', '0 5 -3']);
    strategy.beamsSelected!(0, Int32Array.of(0, 1));
    // Beam 0 contains `7`, so `6` comes next. No hypothesis ends before the phrase is complete.
    const second = chosen(strategy, 1);
    expect(second.slice(0, 2)).toEqual(['0 6 -5', '1 7 -9']);
    expect(second.filter((candidate) => candidate.split(' ')[1] === String(EOS))).toEqual([]);
    strategy.beamsSelected!(0, Int32Array.of(0, 1));
    expect(chosen(strategy, 2)).toContain(`0 ${EOS} -3`);
  });
});

describe('search options', () => {
  it.each<[Partial<SearchOptions>, string]>([
    [{ sampling: true, nbest: 5, diverseBeamGroups: 5 }, '--sampling and --diverse-beam-groups cannot be combined'],
    [{ matchSourceLen: true, constraints: 'ordered' }, '--match-source-len and --constraints cannot be combined'],
    [{ diversityRate: 1, diverseBeamGroups: 5 }, '--diverse-beam-groups and --diversity-rate cannot be combined'],
    [{ samplingTopk: 3 }, '--sampling-topk requires --sampling; add --sampling'],
    [{ samplingTopp: 0.3 }, '--sampling-topp requires --sampling; add --sampling'],
    [
      { sampling: true, nbest: 5, samplingTopk: 3, samplingTopp: 0.3 },
      '--sampling-topk and --sampling-topp cannot be combined; choose one',
    ],
    [
      { sampling: true },
      'with --sampling, --nbest 1 must equal --beam 5: every hypothesis is one draw; use --nbest 5 or --beam 1',
    ],
    [{ diverseBeamGroups: 2 }, '--beam 5 is not a multiple of --diverse-beam-groups 2; choose a multiple, e.g. 6'],
  ])('that do not go together are refused: %j', (options, message) => {
    const { options: all } = contextOf(options, 8);
    expect(() => checkStrategies(all)).toThrow(UserError);
    expect(() => checkStrategies(all)).toThrow(message);
  });

  it('are spelled as the caller spells them', () => {
    const { options } = contextOf({ samplingTopk: 3 }, 8);
    expect(() => checkStrategies(options, (option) => option)).toThrow('samplingTopk requires sampling');
  });
});
