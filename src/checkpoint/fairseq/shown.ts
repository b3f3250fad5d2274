const MAX_LENGTH = 60;

/** Text out of a file as it may stand in a message of one line: short, and without control characters. */
export function shown(text: string): string {
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return short.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, '\uFFFD');
}
