import type { Analysis } from './analysis.js';

const digits = (value: number, count: number): string => value.toFixed(count);
const percent = (value: number): string => `${digits(100 * value, 2)} %`;

/**
 * Analyses as a table for people: one column per checkpoint.
 * @param names of the checkpoints, for the header
 */
export function analysisTable(analyses: readonly Analysis[], names: readonly string[]): string[] {
  const row = (label: string, value: (analysis: Analysis) => string | null): string[][] => {
    const cells = analyses.map(value);
    return cells.every((cell) => cell === null) ? [] : [[label, ...cells.map((cell) => cell ?? '-')]];
  };
  const labels = [...new Set(analyses.flatMap(({ criterions }) => criterions.map(({ label }) => label)))];
  const gradientRow = (label: string): string[][] =>
    row(`  ${label}`, ({ criterions }) => {
      const found = criterions.find((criterion) => criterion.label === label);
      if (found === undefined || found.norm === null || found.relativeNorm === null) return null;
      return `${digits(found.norm, 4)} (${digits(found.relativeNorm, 2)})`;
    });
  const gradients = labels.flatMap(gradientRow);
  return align([
    ['', ...names],
    ...row('rows', ({ rows }) => String(rows)),
    ...row('nll, nats', ({ nll }) => digits(nll, 4)),
    ...row('accuracy', ({ calibration }) => percent(calibration.accuracy)),
    ...row('confidence', ({ calibration }) => percent(calibration.confidence)),
    ...row('ECE, 10 bins of equal width', ({ calibration }) => percent(calibration.error.width10)),
    ...row('ECE, 15 bins of equal width', ({ calibration }) => percent(calibration.error.width15)),
    ...row('ECE, 15 bins of equal mass', ({ calibration }) => percent(calibration.error.mass15)),
    ...row('energy on the data', ({ energies }) => digits(energies.onData, 3)),
    ...row('lowest energy off the data', ({ energies }) => digits(energies.offData, 3)),
    ...row('  on the data, centered', ({ energies }) => digits(energies.centered.onData, 3)),
    ...row('  off the data, centered', ({ energies }) => digits(energies.centered.offData, 3)),
    ...row('margin, mean', ({ margins }) => digits(margins.mean, 3)),
    ...row('margin, median', ({ margins }) => digits(margins.median, 3)),
    ...row("margin, authors' code", ({ margins }) => digits(margins.meanOfAuthorsCode, 3)),
    ...(gradients.length === 0 ? [] : [['gradient norm (relative to CE)', ...analyses.map(() => '')]]),
    ...gradients,
    ...row('probe: accuracy', ({ probe }) => (probe === null ? null : percent(probe.accuracy))),
    ...row('probe: nll, nats', ({ probe }) => (probe === null ? null : digits(probe.nll, 4))),
  ]);
}

/** The first column to the left, the others to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
