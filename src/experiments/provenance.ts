import * as v from 'valibot';

/** What computed a run. */
export interface Provenance {
  readonly version: string;
  /** The commit of the git checkout, ending in `-dirty` if files differed from it; null outside of a checkout. */
  readonly commit: string | null;
  readonly node: string;
  readonly processor: string;
}

/** The shape of a provenance in JSON files. */
export const provenanceSchema: v.GenericSchema<unknown, Provenance> = v.object({
  version: v.string(),
  commit: v.nullable(v.string()),
  node: v.string(),
  processor: v.string(),
});

/** Whether all is the same. */
export const isSameProvenance = (a: Provenance, b: Provenance): boolean =>
  a.version === b.version && a.commit === b.commit && a.node === b.node && a.processor === b.processor;
