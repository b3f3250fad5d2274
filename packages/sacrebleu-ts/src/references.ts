import type { ReferenceCount } from './signature.js';

/** Streams of references, each as long as the hypotheses; null where a segment has none in that stream. */
export type References = readonly (readonly (string | null)[])[]; // [references][segments]

/** The number of references for the signature: `var` where segments differ. */
export function countReferences(references: References): ReferenceCount {
  const segments = references[0]?.length ?? 0;
  const counts = new Set<number>();
  for (let segment = 0; segment < segments; segment++) counts.add(referencesOf(segment, references).length);
  return counts.size > 1 ? 'var' : ([...counts][0] ?? references.length);
}

/** The references that one segment has. */
export function referencesOf(segment: number, references: References): string[] {
  return references.map((stream) => stream[segment] ?? null).filter((reference) => reference !== null);
}

/** @throws RangeError where hypotheses and references differ in number */
export function checkStreams(hypotheses: readonly string[], references: References): void {
  if (references.length === 0) throw new RangeError('there are no references');
  for (const [index, stream] of references.entries()) {
    if (stream.length !== hypotheses.length) {
      const which = references.length > 1 ? `reference stream ${index + 1} has` : 'there are';
      throw new RangeError(`${which} ${stream.length} references for ${hypotheses.length} hypotheses`);
    }
  }
}
