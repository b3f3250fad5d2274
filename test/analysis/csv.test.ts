import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/analysis/analysis.js';
import { calibrationOf } from '../../src/analysis/calibration.js';
import { gradientLines, marginLines, reliabilityLines } from '../../src/analysis/csv.js';
import { energiesOf } from '../../src/analysis/energy.js';
import { gradientShare } from '../../src/analysis/gradient-share.js';
import { marginsOf } from '../../src/analysis/margin.js';
import { summarizeRows } from '../../src/analysis/score-rows.js';
import { analysisTable } from '../../src/analysis/table.js';

const scores = summarizeRows(Float32Array.of(2, 0, 1, 2), Int32Array.of(0, 0), 2);

const analysisOf = (checkpoint: string, norm: number | null): Analysis => ({
  ...{ checkpoint, data: 'data', split: 'test', rows: 2, classes: 2, nll: 1.25 },
  energies: energiesOf(scores),
  margins: marginsOf(scores),
  calibration: calibrationOf(scores),
  criterions: [
    {
      label: 'a "b", c',
      norm,
      relativeNorm: norm,
      share: gradientShare(Float64Array.of(0.3, 0.95), Float32Array.of(-0.75, 0.25)),
    },
  ],
  gradientBatches: null,
  probe: norm === null ? null : { epochs: 1, learningRate: 0.1, accuracy: 0.5, nll: 2 },
});

describe('the CSV files of analyses', () => {
  it('have a row per bin of the gradients, and quote what has a comma', () => {
    const [header, ...rows] = gradientLines([analysisOf('m,n', null)]);
    expect(header).toBe('checkpoint,criterion,start,end,rows,mean,share');
    expect(rows).toHaveLength(10);
    expect(rows[3]).toBe('"m,n","a ""b"", c",0.3,0.4,1,0.75,0.75');
    expect(rows[9]).toBe('"m,n","a ""b"", c",0.9,1,1,0.25,0.25');
  });

  it('have a row per bin of the margins', () => {
    expect(marginLines([analysisOf('m', null)])).toEqual([
      'checkpoint,start,end,rows,share',
      ...['m,-1,-0.5,1,0.5', 'm,-0.5,0,0,0', 'm,0,0.5,0,0', 'm,0.5,1,0,0', 'm,1,1.5,0,0', 'm,1.5,2,0,0'],
      'm,2,2.5,1,0.5',
    ]);
  });

  it('have a row per bin of the reliability diagrams', () => {
    const [header, ...rows] = reliabilityLines([analysisOf('m', null), analysisOf('n', null)]);
    expect(header).toBe('checkpoint,binning,rows,confidence,accuracy');
    expect(rows.filter((row) => row.startsWith('n,width10,'))).toEqual([
      expect.stringMatching(/^n,width10,1,0\.731\d*,0$/),
      expect.stringMatching(/^n,width10,1,0\.880\d*,1$/),
    ]);
  });
});

describe('the table of analyses', () => {
  it('leaves out what no checkpoint has', () => {
    const lines = analysisTable([analysisOf('m', null)], ['m']).join('\n');
    expect(lines).not.toContain('probe');
    expect(lines).not.toContain('gradient norm');
  });

  it('marks what one checkpoint lacks', () => {
    const lines = analysisTable([analysisOf('m', null), analysisOf('n', 2)], ['m', 'n']);
    expect(lines).toContainEqual(expect.stringMatching(/^probe: accuracy +- +50\.00 %$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}a "b", c +- +2\.0000 \(2\.00\)$/));
  });
});
