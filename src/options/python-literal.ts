/** Strings, numbers, names and single characters of a Python literal, without the whitespace between them. */
const TOKENS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]+|\S/g;

const NAMES: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null', '(': '[', ')': ']' };

/**
 * Converts a Python literal such as `{'betas': (0.9, 0.98), 'nesterov': True}` to JSON, because fairseq reads some
 * options with `ast.literal_eval`. Tuples become arrays. For other text the result is not valid JSON.
 */
export function pythonLiteralToJson(text: string): string {
  const tokens = (text.match(TOKENS) ?? []).map((token) => {
    if (token.startsWith("'")) return JSON.stringify(token.slice(1, -1).replace(/\\(['"\\])/g, '$1'));
    if (/^[+-]?[\d.]/.test(token)) return String(Number(token));
    return NAMES[token] ?? token;
  });
  const isTrailingComma = (token: string, index: number): boolean =>
    token === ',' && /^[\]}]$/.test(tokens[index + 1] ?? '');
  return tokens.filter((token, index) => !isTrailingComma(token, index)).join('');
}
