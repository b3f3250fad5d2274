const MAX_LENGTH = 60;

/** Makes text from a file safe for a one-line message: shortens it and replaces control characters. */
export function shown(text: string): string {
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return short.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, '\uFFFD');
}
