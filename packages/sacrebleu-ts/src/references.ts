import type { ReferenceCount } from './signature.js';

/** Streams of references, each as long as the hypotheses; null if a segment has no reference in a stream. */
export type References = readonly (readonly (string | null)[])[]; // [references][segments]

/** The number of references for the signature: `var` if it differs between segments. */
export function countReferences(references: References): ReferenceCount {
  const segments = references[0]?.length ?? 0;
  const counts = new Set<number>();
  for (let segment = 0; segment < segments; segment++) counts.add(referencesOf(segment, references).length);
  return counts.size > 1 ? 'var' : ([...counts][0] ?? references.length);
}

/** The references of one segment. */
export function referencesOf(segment: number, references: References): string[] {
  return references.map((stream) => stream[segment] ?? null).filter((reference) => reference !== null);
}

/** @throws RangeError if the numbers of hypotheses and references differ */
export function checkStreams(hypotheses: readonly string[], references: References): void {
  if (references.length === 0) throw new RangeError('there are no references');
  for (const [index, stream] of references.entries()) {
    if (stream.length !== hypotheses.length) {
      const which = references.length > 1 ? `reference stream ${index + 1} has` : 'there are';
      throw new RangeError(`${which} ${stream.length} references for ${hypotheses.length} hypotheses`);
    }
  }
}
