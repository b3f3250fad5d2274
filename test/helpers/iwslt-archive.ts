import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Language = 'de' | 'fr' | 'en';
type Sides = readonly [source: string, english: string];

/** The properties of an IWSLT archive that differ between years. */
interface Edition {
  readonly year: 14 | 17;
  readonly source: Language;
  /** Under test/golden/text, without the language: 50 lines for training, then two for each set. */
  readonly messages: string;
  readonly sets: readonly string[];
  /** Pairs at the end of the training text that a recipe drops. */
  readonly dropped: readonly Sides[];
}

const IWSLT14: Edition = {
  year: 14,
  source: 'de',
  messages: 'moses/test',
  sets: ['TED.dev2010', 'TEDX.dev2012', 'TED.tst2010', 'TED.tst2011', 'TED.tst2012'],
  // A pair with an excessive length ratio.
  dropped: [['Ja .', 'Yes , and then some more words .']],
};

const IWSLT17: Edition = {
  year: 17,
  source: 'fr',
  messages: 'iwslt17/messages',
  sets: ['dev2010', 'tst2010', 'tst2011', 'tst2012', 'tst2013', 'tst2014', 'tst2015'].map((name) => `TED.${name}`),
  // A pair with an empty side, and a pair with a long side.
  dropped: [
    ['', 'Yes.'],
    ['Oui.', 'very '.repeat(251)],
  ],
};

const LINES_OF_TRAINING = 50;
const NAMES = { de: 'german', fr: 'french', en: 'english' };

/** Writes the files of IWSLT 2014's `de-en.tgz`, made from 60 messages: 50 pairs for training, two per other set. */
export const writeIwslt14Files = (folder: string): void => writeFiles(folder, IWSLT14);

/** Writes the files of IWSLT 2017's `fr-en.tgz`, made from 64 messages: 50 pairs for training, two per other set. */
export const writeIwslt17Files = (folder: string): void => writeFiles(folder, IWSLT17);

function writeFiles(folder: string, edition: Edition): void {
  const { year, source, messages, sets, dropped } = edition;
  mkdirSync(folder, { recursive: true });
  for (const [side, language] of [source, 'en' as const].entries()) {
    const golden = fileURLToPath(new URL(`../golden/text/${messages}.${language}`, import.meta.url));
    const lines = readFileSync(golden, 'utf8').split('\n');
    const training = [...lines.slice(0, LINES_OF_TRAINING), ...dropped.map((pair) => pair[side]!)];
    writeFileSync(join(folder, `train.tags.${source}-en.${language}`), trainingTags(training, language));
    for (const [index, set] of sets.entries()) {
      const first = LINES_OF_TRAINING + 2 * index;
      const xml = segments(`iwslt20${year}-${set}`, lines.slice(first, first + 2), language);
      writeFileSync(join(folder, `IWSLT${year}.${set}.${source}-en.${language}.xml`), xml);
    }
  }
}

function trainingTags(lines: readonly string[], language: Language): string {
  const talk = [
    '<url>http://example.org/talk.html</url>',
    '<keywords>talks, tests</keywords>',
    '<talkid>1</talkid>',
    `<title>A ${NAMES[language]} title</title>`,
    `<description>TED Talk Subtitles: ${NAMES[language]}’s “text”.</description>`,
  ];
  return [...talk, ...lines.map((line) => ` ${line}`), ''].join('\n');
}

function segments(set: string, lines: readonly string[], language: Language): string {
  const escaped = (line: string): string => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<mteval>',
    `<srcset setid="${set}" srclang="${NAMES[language]}">`,
    '<doc docid="1" genre="lectures">',
    '<title>Not part of the set</title>',
    ...lines.map((line, index) => `<seg id="${index + 1}"> ${escaped(line)} ’s </seg>`),
    '</doc>',
    '</srcset>',
    '</mteval>',
    '',
  ].join('\n');
}
