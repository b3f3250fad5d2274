import { describe, expect, it } from 'vitest';
import { compareAll, type ReportedComparison } from '../../src/report/compare.js';
import { conclusion } from '../../src/report/conclusion.js';
import { inlines } from '../../src/report/document.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf } from './report-input.js';

const EL_CE = { axis: 'criterion', values: ['el', 'ce'] } as const;

function sentenceOf(
  input: ReturnType<typeof inputOf>,
  change?: (made: ReportedComparison) => ReportedComparison,
): string {
  const study = studyOf(input);
  const comparisons = compareAll(study);
  const sentence = conclusion(study, change === undefined ? comparisons : comparisons.map(change));
  return inlines(sentence)
    .map((inline) => (typeof inline === 'string' ? inline : inline.text))
    .join('');
}

/** The interval as if sentences had varied. */
const withInterval =
  (low: number, high: number) =>
  (made: ReportedComparison): ReportedComparison => ({
    ...made,
    result: made.result && { ...made.result, interval: [low, high] },
  });

describe('conclusion', () => {
  it.each([
    {
      finding: 'a significant difference',
      bleu: { ce: [35.0, 35.1, 34.9], el: [36.0, 36.2, 35.9] },
      // Differences 1, 1.1, 1: t = 1.0333 / (0.05774 / √3) = 31, p = 1 − t / √(2 + t²) = 0.00104.
      sentence:
        'El is better than ce by 1.03 BLEU (95 % interval 0.50 to 1.50, p = 0.001); each system has 3 runs, and significant means p below 0.05.',
    },
    {
      finding: 'a significant difference against the plan',
      bleu: { ce: [36.0, 36.2, 35.9], el: [35.0, 35.1, 34.9] },
      sentence:
        'Ce is better than el by 1.03 BLEU (95 % interval −1.50 to −0.50, p = 0.001); each system has 3 runs, and significant means p below 0.05.',
    },
    {
      finding: 'a difference that is not significant',
      bleu: { ce: [35.0, 36.0, 34.0], el: [36.0, 34.0, 36.0] },
      // Differences 1, −2, 2: t = 0.3333 / (2.0817 / √3) = 0.2774, p = 1 − t / √(2 + t²) = 0.8075.
      sentence:
        'No difference in BLEU is established: el scores 0.33 BLEU above ce (+0.33, 95 % interval 0.50 to 1.50, not significant: p = 0.808); each system has 3 runs, and significant means p below 0.05.',
    },
    {
      finding: 'a lower score',
      bleu: { ce: [36.0], el: [35.0] },
      sentence:
        'No difference in BLEU is established: el scores 1.00 BLEU below ce (−1.00, 95 % interval 0.50 to 1.50); each system has 1 run, so there is no test of significance.',
    },
    {
      finding: 'equal scores',
      bleu: { ce: [36.0], el: [36.0] },
      sentence:
        'No difference in BLEU is established: el scores as high as ce (0.00, 95 % interval 0.50 to 1.50); each system has 1 run, so there is no test of significance.',
    },
    {
      finding: 'one run per system',
      bleu: { ce: [35.0], el: [36.0] },
      sentence:
        'No difference in BLEU is established: el scores 1.00 BLEU above ce (+1.00, 95 % interval 0.50 to 1.50); each system has 1 run, so there is no test of significance.',
    },
  ])('says $finding', ({ bleu, sentence }) => {
    const said = sentenceOf(inputOf({ bleu, compare: [EL_CE] }), withInterval(0.5, 1.5));
    expect(said.toLowerCase()).toBe(sentence.toLowerCase());
  });

  it.each([
    {
      finding: 'no planned comparison of three systems',
      input: inputOf({ bleu: { ce: [35.0, 35.2], el: [36.0, 36.0], focal: [30, 31] } }),
      sentence:
        'Nothing is established, because no comparison is planned and so nothing is tested; the highest mean: el has 36.00 ± 0.00 BLEU (mean of 2 runs).',
    },
    {
      finding: 'a single system',
      input: inputOf({ bleu: { ce: [35.0, 35.2] } }),
      sentence:
        'Nothing is established, because there is no second system to compare with: ce has 35.10 ± 0.14 BLEU (mean of 2 runs).',
    },
    {
      finding: 'that nothing is scored',
      input: inputOf({ bleu: { ce: [null], el: [null] }, compare: [EL_CE] }),
      sentence: 'Nothing is established, because no run has scored translations yet.',
    },
    {
      finding: 'that the second system is missing',
      input: inputOf({ bleu: { ce: [35], el: [null] }, compare: [EL_CE] }),
      sentence:
        'Nothing is established, because the runs for the comparisons are missing; the highest mean: ce has 35.00 BLEU (1 run).',
    },
    {
      finding: 'no planned comparison in several directions',
      input: inputOf({
        bleu: { 'de-en,a': [35], 'de-en,b': [35], 'de-en,c': [1], 'fr-en,a': [3], 'fr-en,b': [4], 'fr-en,c': [5] },
      }),
      sentence:
        'Nothing is established, because no comparison is planned and so nothing is tested; the tables have the means on de-en and fr-en.',
    },
  ])('says $finding', ({ input, sentence }) => {
    expect(sentenceOf(input)).toBe(sentence);
  });

  it('says each direction, with the correction for all comparisons', () => {
    const bleu = {
      'de-en,ce': [35.0, 35.1, 34.9],
      'de-en,el': [36.0, 36.2, 35.9],
      'fr-en,ce': [35.0, 36.0, 34.0],
      'fr-en,el': [36.0, 34.0, 36.0],
    };
    const said = sentenceOf(inputOf({ bleu, compare: [EL_CE] }), withInterval(0.5, 1.5));
    expect(said).toBe(
      "On de-en, el is better than ce by 1.03 BLEU (95 % interval 0.50 to 1.50, p = 0.002); on fr-en, el scores 0.33 BLEU above ce (+0.33, 95 % interval 0.50 to 1.50, not significant: p = 0.808); each system has 3 runs, and significant means p below 0.05 after Holm's correction for 2 comparisons.",
    );
  });

  it('gives the range of runs if systems have different numbers', () => {
    const bleu = {
      'de-en,ce': [35.0, 35.1, 34.9],
      'de-en,el': [36.0, 36.2, 35.9],
      'fr-en,ce': [35.0, 36.0, 34.0],
      'fr-en,el': [36.0, 34.0, null],
    };
    expect(sentenceOf(inputOf({ bleu, compare: [EL_CE] }))).toContain('; each system has 2 to 3 runs, ');
  });
});
