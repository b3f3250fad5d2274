import { readLines } from '../../text/lines.js';
import { MARKUP_LINE } from '../../text/moses/detokenizer.js';
import { parseProtectedPatterns } from '../../text/moses/protected-patterns.js';
import { createMosesTokenizer } from '../../text/moses/tokenizer.js';
import { type BlockFilter, lineFilter } from './filter-lines.js';

/** Options of `tokenize` that decide its output. */
export interface TokenizeFilterOptions {
  readonly language: string;
  readonly aggressive: boolean;
  readonly skipXml: boolean;
  readonly noEscape: boolean;
  readonly protected: string | null; // path of a file of regular expressions
}

/** @throws UserError if the file of protected patterns cannot be read or contains an invalid pattern */
export function createTokenizeFilter(options: TokenizeFilterOptions): BlockFilter {
  const { language, aggressive, skipXml, noEscape, protected: patterns } = options;
  const tokenize = createMosesTokenizer({
    language,
    aggressiveHyphens: aggressive,
    escape: !noEscape,
    protectedPatterns: patterns === null ? [] : parseProtectedPatterns(readLines(patterns), patterns),
  });
  return lineFilter(skipXml ? (line) => (MARKUP_LINE.test(line) ? line : tokenize(line)) : tokenize);
}
