import * as v from 'valibot';
import type { Analysis } from '../analysis/analysis.js';

const number = v.number();
const energies = { onData: number, offData: number };
const reliability = v.array(v.object({ rows: number, confidence: number, accuracy: number }));
const GRADIENT_BINS = 10;
const bins = v.pipe(v.array(number), v.length(GRADIENT_BINS));

/** The shape of `analysis.json`. */
export const analysisSchema: v.GenericSchema<unknown, Analysis> = v.object({
  checkpoint: v.string(),
  data: v.string(),
  split: v.string(),
  rows: number,
  classes: number,
  nll: number,
  energies: v.object({ ...energies, centered: v.object(energies) }),
  margins: v.object({
    mean: number,
    median: number,
    quartiles: v.strictTuple([number, number]),
    histogram: v.object({ start: number, width: v.pipe(number, v.gtValue(0)), counts: v.array(number) }),
    meanOfAuthorsCode: number,
  }),
  calibration: v.object({
    accuracy: number,
    confidence: number,
    error: v.object({ width10: number, width15: number, mass15: number }),
    bins: v.object({ width10: reliability, width15: reliability, mass15: reliability }),
  }),
  criterions: v.pipe(
    v.array(
      v.object({
        label: v.string(),
        norm: v.nullable(number),
        relativeNorm: v.nullable(number),
        share: v.object({ rows: bins, mean: bins, share: bins }),
      }),
    ),
    v.minLength(1),
  ),
  gradientBatches: v.nullable(v.object({ split: v.string(), batches: number, tokens: number })),
  probe: v.nullable(v.object({ epochs: number, learningRate: number, accuracy: number, nll: number })),
});
