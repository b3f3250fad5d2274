import { formatNumber, pythonFloat } from '../format.js';
import type { Metric } from '../metric.js';
import { formatFixed } from '../python-text.js';
import { countReferences } from '../references.js';
import { approximateRandomization, type PairedResult, pairedBootstrap, type System } from '../significance/paired.js';
import type { Paint } from './colors.js';
import { pairedExplanation } from './explanation.js';
import type { Values } from './flags.js';
import type { Corpus } from './input.js';
import { fancyGrid, latexTable } from './table.js';

/** The results of one metric. */
interface Column {
  readonly title: string;
  readonly signature: string;
  readonly results: readonly (PairedResult | string)[]; // [systems]; a text without a test
}

/** The scores of several systems, as sacrebleu prints them. */
export function severalReport(
  { systems, references }: Corpus,
  metrics: readonly Metric[],
  values: Values,
  seed: bigint | null,
  paint: Paint,
): string {
  const count = countReferences(references);
  const isPaired = values.pairedAr || values.pairedBs;
  const columns = metrics.map((metric): Column => {
    if (isPaired) return pairedColumn(metric, { systems, references }, values, seed);
    const results = systems.map(({ hypotheses }) =>
      formatNumber(metric.corpusScore(hypotheses, references), { width: values.width }),
    );
    return { title: metric.name, signature: metric.signature(count, { short: values.short }), results };
  });
  const names = namesOf(systems, values);
  if (values.format === 'json') return jsonReport(names, columns);
  const table = tableReport(names, columns, values, paint);
  const explanation = isPaired
    ? pairedExplanation(values, names[0]!.startsWith('Baseline:') ? names[0]! : '', paint)
    : '';
  const signatures = columns.map(({ title, signature }) => ` - ${title.padEnd(10)} ${signature}\n`).join('');
  return `${table}\n\n${explanation}-----------------\nMetric signatures\n-----------------\n${signatures}`;
}

function pairedColumn(metric: Metric, corpus: Corpus, values: Values, seed: bigint | null): Column {
  const { systems, references } = corpus;
  const count = countReferences(references);
  const { short, pairedBsN, pairedArN } = values;
  return {
    title: metric.name,
    signature: metric.signature(count, {
      short,
      seed,
      ...(values.pairedBs ? { bootstrap: pairedBsN } : { randomization: pairedArN }),
    }),
    results: values.pairedBs
      ? pairedBootstrap(systems, metric, references, { samples: pairedBsN, seed })
      : approximateRandomization(systems, metric, references, { trials: pairedArN, seed }),
  };
}

/** The names of the systems; in paired tests the first one is called the baseline. */
function namesOf(systems: readonly System[], values: Values): string[] {
  const names = systems.map(({ name }) => name);
  if (!values.pairedAr && !values.pairedBs) return names;
  if (values.input !== null) return [`Baseline: ${names[0]}`, ...names.slice(1)];
  return names.map((_, system) => (system === 0 ? 'Baseline' : `System ${system}`));
}

function tableReport(names: readonly string[], columns: readonly Column[], values: Values, paint: Paint): string {
  const isGrid = values.format === 'text';
  const hasBaseline = names[0]!.startsWith('Baseline:');
  const isBootstrap = values.pairedBs;
  const inFirstRow = (cell: string, system: number): string =>
    hasBaseline && system === 0 ? paint(cell, 'yellow') : cell;
  const table = {
    header: ['System', ...columns.map(({ title }) => (isBootstrap ? `${title} (μ ± 95% CI)` : title))].map((title) =>
      paint(title, 'cyan'),
    ),
    rows: names.map((name, system) =>
      [name, ...columns.map(({ results }) => cellOf(results[system]!, values.width, isGrid ? '\n' : ' ', paint))].map(
        (cell) => inFirstRow(cell, system),
      ),
    ),
  };
  return isGrid ? fancyGrid(table) : latexTable(table);
}

function cellOf(result: PairedResult | string, width: number, separator: string, paint: Paint): string {
  if (typeof result === 'string') return result;
  const { score, interval, pValue } = result;
  let cell = formatFixed(score, width);
  if (interval !== null) cell += ` (${formatFixed(interval.mean, width)} ± ${formatFixed(interval.halfWidth, width)})`;
  if (pValue === null) return cell;
  const chance = `(p = ${formatFixed(pValue, 4)})`;
  return `${cell}${separator}${pValue > 0.05 ? paint(chance, 'red') : `${chance}*`}`;
}

function jsonReport(names: readonly string[], columns: readonly Column[]): string {
  const entries = names.map((name, system) => {
    const fields = [
      ['system', asciiJson(name)],
      ...columns.map(({ title, results }) => [title, jsonOf(results[system]!)]),
    ];
    return `    {\n${fields.map(([title, value]) => `        ${asciiJson(title!)}: ${value}`).join(',\n')}\n    }`;
  });
  return `[\n${entries.join(',\n')}\n]\n`;
}

function jsonOf(result: PairedResult | string): string {
  if (typeof result === 'string') return asciiJson(result);
  const { score, pValue, interval } = result;
  const fields = Object.entries({
    score,
    p_value: pValue,
    mean: interval?.mean ?? null,
    ci: interval?.halfWidth ?? null,
  });
  const lines = fields.map(([name, value]) => `            "${name}": ${value === null ? 'null' : pythonFloat(value)}`);
  return `{\n${lines.join(',\n')}\n        }`;
}

/** Python's `json.dumps(text)`: characters beyond ASCII as `\uXXXX`. */
const asciiJson = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
