import type { Pieces, Prose } from './prose.js';

/** Pieces of a part of a document that begins at an offset. */
export const shifted = (pieces: Pieces, by: number): (string | Prose)[] =>
  pieces.map((piece) =>
    typeof piece === 'string'
      ? piece
      : {
          ...moved(piece, (offset) => offset + by),
          write: (translation) => piece.write(translation),
          divided: () => shifted(piece.divided(), by),
        },
  );

/** What prose is at another place, but for how it is written and divided. */
const moved = (prose: Prose, place: (offset: number) => number): Omit<Prose, 'write' | 'divided'> => ({
  text: prose.text,
  offset: place(prose.offset),
  marks: prose.marks.map(place),
  verbatim: prose.verbatim,
  isComplete: (translation) => prose.isComplete(translation),
  inserted: (text) => prose.inserted(text),
});

/** A line of a block that lies in quotations or lists, whose marks or indentation precede it in the document. */
interface Line {
  readonly start: number; // in the block
  readonly place: number; // in the document
}

/**
 * The lines of a block.
 * @param source the block in the document, with what precedes its lines
 * @param value the block without that
 * @param start where the source begins in the document
 * @returns null if the lines of the source do not end with those of the block
 */
export function linesWithin(source: string, value: string, start: number): Line[] | null {
  const [inSource, inValue] = [source, value].map((text) => text.split(LINE)) as [string[], string[]];
  if (inSource.length !== inValue.length) return null;
  const lines: Line[] = [];
  let [at, place] = [0, start];
  for (const [index, line] of inValue.entries()) {
    const whole = inSource[index]!;
    if (!whole.endsWith(line)) return null;
    lines.push({ start: at, place: place + whole.length - line.length });
    at += line.length;
    place += whole.length;
  }
  return lines;
}

/** Between lines; each keeps its end. */
const LINE = /(?<=\n|\r(?!\n))/u;

/**
 * Pieces of a block with what precedes its lines in the document.
 * @param first where the first piece begins in the block
 */
export function placed(document: string, lines: readonly Line[], pieces: Pieces, first = 0): (string | Prose)[] {
  const placeOf = (offset: number): number => {
    const line = lines.findLast(({ start }) => start <= offset)!;
    return line.place + offset - line.start;
  };
  let [offset, position] = [first, placeOf(first)];
  return pieces.flatMap((piece): (string | Prose)[] => {
    const begin = offset;
    offset += (typeof piece === 'string' ? piece : piece.write(piece.text)).length;
    // What precedes a line belongs to the piece that begins there.
    const [before, place, end] = [position, placeOf(begin), placeOf(offset - 1) + 1];
    position = end;
    if (typeof piece === 'string') return [document.slice(before, end)];
    const prose: Prose = {
      ...moved(piece, placeOf),
      write: (translation) => (translation === piece.text ? document.slice(place, end) : piece.write(translation)),
      divided: () => placed(document, lines, piece.divided(), begin),
    };
    return place > before ? [document.slice(before, place), prose] : [prose];
  });
}
