export type ColorName = 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<ColorName, number>> = { red: 31, green: 32, yellow: 33, cyan: 36 };

/** Colours a text, or returns it unchanged. */
export type Paint = (text: string, color: ColorName) => string;

export function painterOf(isColored: boolean): Paint {
  return isColored ? (text, color) => `\x1b[${CODES[color]}m${text}\x1b[0m` : (text) => text;
}

const ESCAPES = /\x1b\[\d+m/g;

/** The number of visible characters of a text. */
export function visibleLength(text: string): number {
  return [...text.replace(ESCAPES, '')].length;
}
