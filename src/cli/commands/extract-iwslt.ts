import { defineOptions } from '../../options/schema.js';
import { iwsltSentences } from '../../text/iwslt.js';
import { readLines, writeLinesAtomically } from '../../text/lines.js';
import { defineCommand } from '../command.js';
import { filterArguments } from '../filters/filter-lines.js';

const options = defineOptions({
  format: {
    kind: 'choice',
    choices: ['auto', 'mteval', 'tags'],
    default: 'auto',
    help: 'mteval: XML of dev and test sets; tags: a train.tags file; auto: detect it from the first line',
  },
  straightApostrophes: {
    kind: 'boolean',
    default: false,
    help: "replace ’ with ' in XML segments, as fairseq's recipes do",
  },
  decodeEntities: { kind: 'boolean', default: false, help: 'decode entities such as &amp; in XML segments' },
});

export const extractIwsltCommand = defineCommand({
  name: 'extract-iwslt',
  description:
    'Extracts the sentences, one per line, from a file published for the IWSLT evaluations: the <seg> elements of a dev or ' +
    'test set, or the text, titles and descriptions of a train.tags file.',
  arguments: filterArguments,
  options,
  examples: [
    'ts-fairseq extract-iwslt train.tags.de-en.de train.de',
    'ts-fairseq extract-iwslt --straight-apostrophes IWSLT14.TED.tst2012.de-en.de.xml > tst2012.de',
  ],
  async run({ args: [input = '-', output = '-'], options }) {
    const { format, straightApostrophes, decodeEntities } = options;
    const name = input === '-' ? 'standard input' : input;
    const sentences = iwsltSentences(readLines(input), name, {
      format: format === 'auto' ? undefined : format,
      straightApostrophes,
      decodeEntities,
    });
    writeLinesAtomically(output, sentences);
  },
});
