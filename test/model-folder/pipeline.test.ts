import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPipeline } from '../../src/model-folder/pipeline.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
writeFileSync(join(folder, 'truecase.fr'), 'Paris (3/3)\nles (1/1)\n');

it('phrases are tokenized as the target language needs it, and keep their case', async () => {
  const { encode, encodePhrase } = await createPipeline(
    {
      languages: { source: 'fr', target: 'en' },
      encode: [
        { step: 'normalize-unicode' },
        { step: 'tokenize', language: 'fr', aggressiveHyphens: true, escape: true },
        { step: 'truecase', file: 'truecase.fr' },
      ],
      decode: [],
    },
    folder,
  );
  expect([encode("Les don't"), encodePhrase("Les don't")]).toEqual(['les don&apos; t', 'Les don &apos;t']);
});

it('phrases are lowercased for a model that was trained on lowercase text', async () => {
  const { encodePhrase } = await createPipeline(
    { languages: { source: 'de', target: 'en' }, encode: [{ step: 'lowercase' }], decode: [] },
    folder,
  );
  expect(encodePhrase('New York')).toBe('new york');
});
