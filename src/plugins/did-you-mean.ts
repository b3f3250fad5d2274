/** Levenshtein distance, two rows. */
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

/** A name that was cut short is as near as what it lacks is little: `transformer_iwslt` means `transformer_iwslt_de_en`. */
const LEAST_PREFIX = 4;

function distanceTo(candidate: string, name: string): number {
  const isCutShort = name.length >= LEAST_PREFIX && candidate.startsWith(name);
  return isCutShort ? 1 : editDistance(name, candidate);
}

/** The remedy for an unknown name: `did you mean 'x'?` where one is near, else the list of what there is. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: distanceTo(candidate.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near !== undefined && near.distance <= Math.max(2, name.length / 3)) return `did you mean '${near.candidate}'?`;
  return `known: ${known.join(', ')}`;
}
