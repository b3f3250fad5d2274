#!/usr/bin/env node
/**
 * Writes the training, validation and test set of the embedded corpus.
 *   node scripts/make-embedded-corpus.js [--language de|fr] [--to DIR]
 */
import { parseArgs } from 'node:util';
import { UserError } from '../dist/src/errors.js';
import { makeEmbeddedCorpus } from '../dist/src/text/embedded-corpus.js';

function main() {
  const { values } = parseArgs({
    options: { language: { type: 'string', default: 'de' }, to: { type: 'string', default: 'corpus' } },
  });
  const { language, to: directory } = values;
  if (language !== 'de' && language !== 'fr') {
    throw new UserError(`there are no messages in language '${language}'`, 'choose de or fr');
  }
  const { train, valid, test } = makeEmbeddedCorpus({ language, directory });
  process.stderr.write(`${directory}: ${train} training, ${valid} validation and ${test} test pairs, ${language}-en\n`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof UserError || error.code?.startsWith('ERR_PARSE_ARGS'))) throw error;
  process.stderr.write(`make-embedded-corpus: ${error.message}\n`);
  process.exitCode = 2;
}
