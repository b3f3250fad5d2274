/** The tokens that would repeat an n-gram of `tokens` as the next token. */
export function repeatedNgramTokens(tokens: Int32Array, size: number): Set<number> {
  const banned = new Set<number>();
  const context = size - 1;
  if (tokens.length < context) return banned;
  const last = tokens.subarray(tokens.length - context);
  for (let start = 0; start + size <= tokens.length; start++) {
    if (last.every((token, offset) => tokens[start + offset] === token)) banned.add(tokens[start + context]!);
  }
  return banned;
}
