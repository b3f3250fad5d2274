/**
 * Lowercases a line as Moses' `lowercase.perl` does: by Unicode's full mappings without context, so that Σ is σ
 * wherever it stands (JavaScript alone would write ς at the end of a word).
 */
export function lowercase(line: string): string {
  return line.replaceAll('Σ', 'σ').toLowerCase();
}
