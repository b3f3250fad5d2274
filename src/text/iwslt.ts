import { UserError } from '../errors.js';

/**
 * `mteval`: XML with a `<seg>` per sentence (dev and test sets). `tags`: text with tagged lines per talk (training
 * sets).
 */
export type IwsltFormat = 'mteval' | 'tags';

/** How sentences are read from an IWSLT file. */
export interface IwsltOptions {
  /** The format. Default: detected from the first non-blank line. */
  readonly format?: IwsltFormat;
  /** Whether to replace `’` by `'` in segments, like fairseq's IWSLT recipes for dev and test sets. */
  readonly straightApostrophes?: boolean;
  /**
   * Whether to decode `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&apos;` in segments; fairseq's recipes and sacrebleu keep
   * them.
   */
  readonly decodeEntities?: boolean;
}

/**
 * The sentences of a file of the IWSLT evaluations, without surrounding white space.
 *
 * In mteval XML, these are the segments, including empty ones, so that line numbers stay parallel. In a `train.tags`
 * file, they are the lines, including titles and descriptions, but excluding tags that only one side may have (url,
 * keywords, talkid, speaker, reviewer, translator, doc).
 *
 * @param name the name of the file, for messages
 * @throws UserError if the file has another format or a segment is not closed
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

/** The start and end of the first `<seg>` or `<seg …>` in a text; null if there is none. */
export function findSegmentStart(text: string): { start: number; end: number } | null {
  for (let start = text.indexOf(SEGMENT_START); start >= 0; start = text.indexOf(SEGMENT_START, start + 1)) {
    const after = start + SEGMENT_START.length;
    if (text[after] === '>') return { start, end: after + 1 };
    if (!/^\s/.test(text.slice(after, after + 1))) continue;
    const close = text.indexOf('>', after);
    return close < 0 ? null : { start, end: close + 1 };
  }
  return null;
}

/** The texts between `<seg …>` and `</seg>`, with line ends replaced by spaces. */
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
  new UserError(
    `${name} line ${line}: the segment is not closed by </seg>`,
    'download the file again: it may be truncated',
  );

/** Lines about a talk that the other side may lack. */
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
