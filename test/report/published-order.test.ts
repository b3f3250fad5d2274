import { describe, expect, it } from 'vitest';
import type { PublishedScore } from '../../src/experiments/sweep-plan.js';
import { compareAll } from '../../src/report/compare.js';
import { inlines } from '../../src/report/document.js';
import { publishedOrder } from '../../src/report/published-order.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf } from './report-input.js';

const EL_CE = { axis: 'criterion', values: ['el', 'ce'] } as const;

/** What is said of these scores beside others that a paper published. */
function said(bleu: Parameters<typeof inputOf>[0]['bleu'], scores: readonly PublishedScore[]): string[] {
  const input = inputOf({ bleu, compare: [EL_CE] });
  const study = studyOf({
    ...input,
    description: { ...input.description, published: [{ source: 'a paper', scores }] },
  });
  return publishedOrder(study, compareAll(study)).map((block) =>
    block.kind === 'paragraph'
      ? inlines(block.content)
          .map((inline) => (typeof inline === 'string' ? inline : inline.text))
          .join('')
      : block.kind,
  );
}

const score = (criterion: string, text: string): PublishedScore => ({ values: { criterion }, text });

describe('the order beside the published one', () => {
  it.each([
    {
      case: 'the same',
      bleu: { ce: [35], el: [36] },
      scores: [score('ce', '20.00 ± 0.10'), score('el', '20.50 ± 0.10')],
      text: ['Every comparison that was published too has the published order.'],
    },
    {
      case: 'another one with a single seed',
      bleu: { ce: [36], el: [35] },
      scores: [score('ce', '20.00 ± 0.10'), score('el', '20.50 ± 0.10')],
      text: [
        'The order differs from the published one: el less ce is +0.50 in a paper, but −1.00 here (not tested; −1.00 without brevity penalty).',
      ],
    },
    {
      case: 'another one that is significant',
      bleu: { ce: [36.0, 36.2, 35.9], el: [35.0, 35.1, 34.9] },
      scores: [score('ce', '20.00'), score('el', '20.50')],
      text: [
        'The order differs from the published one: el less ce is +0.50 in a paper, but −1.03 here (p = 0.001; −1.03 without brevity penalty).',
      ],
    },
    {
      case: 'another one if the scores are equal in two digits',
      bleu: { ce: [36], el: [36.004] },
      scores: [score('ce', '20.00'), score('el', '20.50')],
      text: [
        'The order differs from the published one: el less ce is +0.50 in a paper, but 0.00 here (not tested; 0.00 without brevity penalty).',
      ],
    },
    { case: 'nothing', bleu: { ce: [36], el: [35] }, scores: [score('ce', '20.00 ± 0.10')], text: [] },
    { case: 'nothing of runs that are missing', bleu: { ce: [36], el: [null] }, scores: [], text: [] },
  ])('is said: $case', ({ bleu, scores, text }) => {
    expect(said(bleu, scores)).toEqual(text);
  });

  it('is said for each direction alone', () => {
    const bleu = { 'de-en,ce': [2], 'de-en,el': [1], 'fr-en,ce': [1], 'fr-en,el': [2] };
    const [text] = said(bleu, [score('ce', '1'), score('el', '2')]);
    expect(text).toBe(
      'The order differs from the published one: on de-en, el less ce is +1.00 in a paper, but −1.00 here (not tested; −1.00 without brevity penalty).',
    );
  });
});
