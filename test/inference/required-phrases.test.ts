import { describe, expect, it } from 'vitest';
import { PhraseSearch, translateWith } from './phrase-search.js';

describe('phrases that must occur', () => {
  it.each([
    ['in one sentence are in its translation', ['x y', 'z'], 'eins zwei', 'EINS ZWEI x y z'],
    ['are in the sentence whose score they lower least', ['zwei x'], 'eins! zwei ! drei!', 'EINS! ZWEI ! zwei x DREI!'],
    ['are in the first sentence if all scores are equal', ['x'], 'eins! zwei!', 'EINS! x ZWEI!'],
    ['are not added where a translation contains them', ['ZWEI !'], 'eins! zwei !', 'EINS! ZWEI !'],
    ['can be in one sentence', ['zwei x', 'zwei y'], 'eins! zwei !', 'EINS! ZWEI ! zwei x zwei y'],
    ['are not required of a text without words', ['x'], '---\n', '---\n'],
  ])('%s', async (_, phrases, text, expected) => {
    expect((await translateWith(phrases, text)).text).toBe(expected);
  });

  it('are searched with those that the sentence contains already', async () => {
    const search = new PhraseSearch();
    const { text } = await translateWith(['ZWEI !', 'zwei x'], 'eins! zwei !', search);
    expect(search.calls).toEqual([[[], []], [['zwei x'], ['zwei x']], [['ZWEI !', 'zwei x']]]);
    expect(text).toBe('EINS! ZWEI ! ZWEI ! zwei x');
  });

  it.each([
    ['one sentence', 'eins!', 'eins!'],
    ['several sentences', 'eins! zwei!', 'eins! ZWEI!'],
  ])('that no translation contains are a problem of a text of %s', async (_, source, expected) => {
    const { text, sentences } = await translateWith(['never'], source);
    expect(text).toBe(expected);
    expect(sentences[0]).toMatchObject({ score: null, problem: "no translation contains 'never'" });
  });
});

describe('placeholders that the model loses', () => {
  it('are forced', async () => {
    const { text, sentences } = await translateWith([], 'mit {0} und {1}');
    expect(text).toBe('MIT UND {0} {1}');
    expect(sentences[0]).toMatchObject({ placeholders: 'forced', lost: [] });
  });

  it('are forced together with phrases', async () => {
    const { text } = await translateWith(['x'], 'mit {0}');
    expect(text).toBe('MIT x {0}');
  });

  it('are reported if the model cannot write them', async () => {
    const { text, sentences } = await translateWith([], 'mit {0} http://a.b/{?}');
    expect(text).toBe('MIT {0}');
    expect(sentences[0]).toMatchObject({ placeholders: 'lost', lost: ['http://a.b/{?}'] });
  });

  it.each([
    ['mit http://a.b', 'kept'],
    ['mit', 'none'],
  ])('are not searched for in %s', async (source, placeholders) => {
    const search = new PhraseSearch();
    const { sentences } = await translateWith([], source, search);
    expect(sentences[0]).toMatchObject({ placeholders });
    expect(search.calls).toHaveLength(1);
  });
});
