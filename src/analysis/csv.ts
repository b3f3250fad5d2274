import type { Analysis } from './analysis.js';
import type { ReliabilityBin } from './calibration.js';

type Cell = string | number;

/** Quotes as RFC 4180 says. */
function field(cell: Cell): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const lines = (header: readonly string[], rows: readonly (readonly Cell[])[]): string[] =>
  [header, ...rows].map((cells) => cells.map(field).join(','));

/** An edge of a bin without the last digits of float64: 0.1 · 3 is 0.3. */
const edge = (value: number): number => Number(value.toPrecision(12));

/** The histograms of margins: the rows with a margin in [start, end). */
export const marginLines = (analyses: readonly Analysis[]): string[] =>
  lines(
    ['checkpoint', 'start', 'end', 'rows', 'share'],
    analyses.flatMap(({ checkpoint, rows, margins: { histogram } }) =>
      histogram.counts.map((count, bin) => {
        const start = histogram.start + bin * histogram.width;
        return [checkpoint, edge(start), edge(start + histogram.width), count, count / rows];
      }),
    ),
  );

/** Reliability diagrams: `binning` is width10, width15 or mass15; empty bins are left out. */
export const reliabilityLines = (analyses: readonly Analysis[]): string[] =>
  lines(
    ['checkpoint', 'binning', 'rows', 'confidence', 'accuracy'],
    analyses.flatMap(({ checkpoint, calibration }) =>
      Object.entries<readonly ReliabilityBin[]>(calibration.bins).flatMap(([binning, bins]) =>
        bins.map(({ rows, confidence, accuracy }) => [checkpoint, binning, rows, confidence, accuracy]),
      ),
    ),
  );

/** |∂L/∂f_y| by p_y in [start, end) (the last bin includes 1): its mean in the bin, and the bin's share of its sum. */
export const gradientLines = (analyses: readonly Analysis[]): string[] =>
  lines(
    ['checkpoint', 'criterion', 'start', 'end', 'rows', 'mean', 'share'],
    analyses.flatMap(({ checkpoint, criterions }) =>
      criterions.flatMap(({ label, share }) =>
        share.rows.map((rows, bin) => {
          const bins = share.rows.length;
          return [
            checkpoint,
            label,
            edge(bin / bins),
            edge((bin + 1) / bins),
            rows,
            share.mean[bin]!,
            share.share[bin]!,
          ];
        }),
      ),
    ),
  );
