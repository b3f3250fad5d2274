import { join } from 'node:path';
import * as v from 'valibot';
import { writeAtomically } from '../checkpoint/atomic-file.js';
import { readJson, recordOf } from './json-file.js';
import type { SweepDescription, SweepPlan } from './sweep-plan.js';

const text = v.string();

const schema: v.GenericSchema<unknown, SweepDescription> = v.object({
  title: v.nullable(text),
  axes: v.array(v.object({ name: text, values: v.array(text) })),
  compare: v.array(v.object({ axis: text, values: v.strictTuple([text, text]) })),
  tune: v.optional(v.nullable(v.object({ validation: text, test: text })), null),
  published: v.optional(
    v.array(v.object({ source: text, scores: v.array(v.object({ values: recordOf(text), text })) })),
    [],
  ),
});

/** The file in the folder of a sweep that describes it for reports. */
export const descriptionFile = (folder: string): string => join(folder, 'sweep.json');

/** Writes the `sweep.json` of a sweep. */
export function writeDescription({ output, title, axes, compare, tune, published }: SweepPlan): void {
  const description: SweepDescription = { title, axes, compare, tune, published };
  writeAtomically(descriptionFile(output), [Buffer.from(`${JSON.stringify(description, null, 1)}\n`)]);
}

/** @throws UserError if the file is missing or damaged */
export const readDescription = (folder: string): SweepDescription =>
  readJson(descriptionFile(folder), schema, 'repeat the sweep, which writes it again');
