/**
 * Lowercases a line like Moses' `lowercase.perl`: by Unicode's full mappings without context, so that Σ always becomes
 * σ (JavaScript writes ς at the end of a word).
 */
export function lowercase(line: string): string {
  return line.replaceAll('Σ', 'σ').toLowerCase();
}
