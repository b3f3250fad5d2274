import { UserError } from '../errors.js';

/** `mteval`: XML with a `<seg>` a sentence (dev and test sets); `tags`: text with tagged lines about each talk (training). */
export type IwsltFormat = 'mteval' | 'tags';

/** How sentences are read from an IWSLT file. */
export interface IwsltOptions {
  /** The format; without it the first line that is not blank decides. */
  readonly format?: IwsltFormat;
  /** Writes `’` as `'` in segments, as fairseq's IWSLT recipes do for dev and test sets. */
  readonly straightApostrophes?: boolean;
  /** Writes `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&apos;` of segments as the signs they stand for; fairseq's recipes and sacrebleu keep them. */
  readonly decodeEntities?: boolean;
}

/**
 * The sentences of a file as the IWSLT evaluations publish it, without the white space round them.
 *
 * Of mteval XML these are the segments, an empty one included, so that both sides keep their line numbers. Of a
 * `train.tags` file they are the lines, titles and descriptions included, but not those of tags that only one side
 * may have (url, keywords, talkid, speaker, reviewer, translator, doc).
 *
 * @param name the file, for error messages
 * @throws UserError for a file of another format and for a segment that is not closed
 */
export function* iwsltSentences(
  lines: Iterable<string>,
  name: string,
  options: IwsltOptions = {},
): Generator<string, void, undefined> {
  const { format, straightApostrophes = false, decodeEntities = false } = options;
  const iterator = lines[Symbol.iterator]();
  try {
    const skipped: string[] = [];
    let next = iterator.next();
    while (!next.done && next.value.trim() === '') {
      skipped.push(next.value);
      next = iterator.next();
    }
    if (next.done) throw unknownFormat(name);
    const found = format ?? detectFormat(next.value);
    if (found === undefined) throw unknownFormat(name);
    const all = chain([...skipped, next.value], iterator);
    if (found === 'tags') {
      yield* taggedSentences(all);
    } else {
      for (const segment of segments(all, name)) {
        const text = straightApostrophes ? segment.replaceAll('’', "'") : segment;
        yield decodeEntities ? text.replace(ENTITY, (_, entity: keyof typeof ENTITIES) => ENTITIES[entity]) : text;
      }
    }
  } finally {
    iterator.return?.();
  }
}

const MTEVAL_START = /^\uFEFF?\s*<(?:\?xml|!DOCTYPE|mteval|srcset|refset|tstset)\b/i;
const TAGS_START = /^\uFEFF?\s*<(?:url|keywords|talkid|speaker|reviewer|translator|title|description|doc)\b/;

function detectFormat(line: string): IwsltFormat | undefined {
  if (MTEVAL_START.test(line)) return 'mteval';
  return TAGS_START.test(line) ? 'tags' : undefined;
}

const unknownFormat = (name: string): UserError =>
  new UserError(
    `${name} is neither mteval XML (<seg id="1">…</seg>) nor a train.tags file (<url>…</url>)`,
    'give a file of an IWSLT archive, or name its --format',
  );

function* chain(first: readonly string[], rest: Iterator<string>): Generator<string, void, undefined> {
  yield* first;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" } as const;
const ENTITY = /&(amp|lt|gt|quot|apos);/g;

const SEGMENT_START = '<seg';
const SEGMENT_END = '</seg>';

/** Where the first `<seg>` or `<seg …>` of a text begins and where it ends; null where there is none. */
export function findSegmentStart(text: string): { start: number; end: number } | null {
  for (let start = text.indexOf(SEGMENT_START); start >= 0; start = text.indexOf(SEGMENT_START, start + 1)) {
    const behind = start + SEGMENT_START.length;
    if (text[behind] === '>') return { start, end: behind + 1 };
    if (!/^\s/.test(text.slice(behind, behind + 1))) continue;
    const close = text.indexOf('>', behind);
    return close < 0 ? null : { start, end: close + 1 };
  }
  return null;
}

/** The texts between `<seg …>` and `</seg>`; line ends within one are spaces. */
function* segments(lines: Iterable<string>, name: string): Generator<string, void, undefined> {
  let count = 0;
  let number = 0;
  let openedAt = 0;
  let parts: string[] | undefined;
  for (const line of lines) {
    number += 1;
    let rest = line;
    for (;;) {
      const opening = findSegmentStart(rest);
      if (parts === undefined) {
        if (opening === null) break;
        rest = rest.slice(opening.end);
        parts = [];
        openedAt = number;
        continue;
      }
      const end = rest.indexOf(SEGMENT_END);
      if (opening !== null && (end < 0 || opening.start < end)) throw unclosed(name, openedAt);
      if (end < 0) {
        parts.push(rest.trim());
        break;
      }
      parts.push(rest.slice(0, end).trim());
      yield parts.filter(Boolean).join(' ');
      count += 1;
      parts = undefined;
      rest = rest.slice(end + SEGMENT_END.length);
    }
  }
  if (parts !== undefined) throw unclosed(name, openedAt);
  if (count === 0) throw new UserError(`${name} has no segment (<seg id="1">…</seg>)`, 'give a dev or test set');
}

const unclosed = (name: string, line: number): UserError =>
  new UserError(`${name} line ${line}: the segment is not closed by </seg>`, 'fetch the file again, it may be cut off');

/** Lines about a talk, which the other side may lack. */
const DROPPED = /^\s*<(?:url|keywords|talkid|speaker|reviewer|translator|doc)\b|^\s*<\/doc>/;
const KEPT_TAG = /<\/?(?:title|description)>/g;

function* taggedSentences(lines: Iterable<string>): Generator<string, void, undefined> {
  let first = true;
  for (const line of lines) {
    const text = first ? line.replace(/^\uFEFF/, '') : line;
    first = false;
    if (!DROPPED.test(text)) yield text.replace(KEPT_TAG, '').trim();
  }
}
