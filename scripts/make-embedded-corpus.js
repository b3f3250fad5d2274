#!/usr/bin/env node
// Writes train, valid and test of the embedded corpus: node scripts/make-embedded-corpus.js --language de --to DIR
import { parseArgs } from 'node:util';
import { makeEmbeddedCorpus } from '../dist/src/text/embedded-corpus.js';

const { values } = parseArgs({
  options: { language: { type: 'string', default: 'de' }, to: { type: 'string', default: 'corpus' } },
});
const { language, to: directory } = values;

if (language === 'de' || language === 'fr') {
  const { train, valid, test } = makeEmbeddedCorpus({ language, directory });
  process.stderr.write(`${directory}: ${train} training, ${valid} validation and ${test} test pairs, ${language}-en\n`);
} else {
  process.stderr.write(`make-embedded-corpus: no messages in language '${language}'; choose de or fr\n`);
  process.exitCode = 2;
}
