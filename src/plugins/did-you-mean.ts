/** Levenshtein distance, with two rows of the table at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** A name of at least this length suggests names that it begins: `transformer_iwslt` → `transformer_iwslt_de_en`. */
const MIN_PREFIX_LENGTH = 4;

function distanceTo(candidate: string, name: string): number {
  const isPrefix = name.length >= MIN_PREFIX_LENGTH && candidate.startsWith(name);
  return isPrefix ? 1 : editDistance(name, candidate);
}

/** The remedy for an unknown name: `did you mean 'x'?` if a known name is similar, else the list of known names. */
export function didYouMean(name: string, known: readonly string[]): string {
  const best = known
    .map((candidate) => ({ candidate, distance: distanceTo(candidate.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (best !== undefined && best.distance <= Math.max(2, name.length / 3)) return `did you mean '${best.candidate}'?`;
  return `known: ${known.join(', ')}`;
}
