import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SETS = ['TED.dev2010', 'TEDX.dev2012', 'TED.tst2010', 'TED.tst2011', 'TED.tst2012'];
const LINES_OF_TRAINING = 50;
const NAMES = { de: 'german', en: 'english' };

/** Writes the files of IWSLT 2014's `de-en.tgz`, made of 60 messages: 50 pairs for training, two for each other set. */
export function writeIwsltFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const language of ['de', 'en'] as const) {
    const golden = fileURLToPath(new URL(`../golden/text/moses/test.${language}`, import.meta.url));
    const lines = readFileSync(golden, 'utf8').split('\n');
    writeFileSync(join(folder, `train.tags.de-en.${language}`), trainingTags(lines, language));
    for (const [index, set] of SETS.entries()) {
      const first = LINES_OF_TRAINING + 2 * index;
      const xml = segments(set, lines.slice(first, first + 2), language);
      writeFileSync(join(folder, `IWSLT14.${set}.de-en.${language}.xml`), xml);
    }
  }
}

function trainingTags(lines: readonly string[], language: 'de' | 'en'): string {
  const talk = [
    '<url>http://example.org/talk.html</url>',
    '<keywords>talks, tests</keywords>',
    '<talkid>1</talkid>',
    `<title>A ${NAMES[language]} title</title>`,
    `<description>TED Talk Subtitles: ${NAMES[language]}’s “text”.</description>`,
  ];
  // The last pair is dropped for its ratio.
  const uneven = language === 'de' ? 'Ja .' : 'Yes , and then some more words .';
  return [...talk, ...lines.slice(0, LINES_OF_TRAINING).map((line) => ` ${line}`), uneven, ''].join('\n');
}

function segments(set: string, lines: readonly string[], language: 'de' | 'en'): string {
  const escaped = (line: string): string => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<mteval>',
    `<srcset setid="iwslt2014-${set}" srclang="${NAMES[language]}">`,
    '<doc docid="1" genre="lectures">',
    '<title>Not part of the set</title>',
    ...lines.map((line, index) => `<seg id="${index + 1}"> ${escaped(line)} ’s </seg>`),
    '</doc>',
    '</srcset>',
    '</mteval>',
    '',
  ].join('\n');
}
