/** Strings, numbers, names and single characters of a Python literal; whitespace between them is left out. */
const TOKENS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]+|\S/g;

const NAMES: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null', '(': '[', ')': ']' };

/**
 * Python's literal of a dict, `{'betas': (0.9, 0.98), 'nesterov': True}`, as JSON: fairseq reads some options by
 * `ast.literal_eval`. Tuples become arrays. Text that is neither stays no JSON.
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
