import type { EpochMetrics } from '../experiments/training-log.js';
import { type Block, figureBlock, heading, paragraph } from './document.js';
import { figureId, type LegendEntry, legendOf, type Panel } from './figure.js';
import { highest, lowest, meanOf } from './numbers.js';
import { type Line, linePlot } from './plot.js';
import type { ReportRun } from './report-run.js';
import { captionOf, type Group, type Study } from './study.js';

/** What a curve shows of each epoch. */
interface Quantity {
  readonly title: string;
  readonly yLabel: string;
  readonly value: (epoch: EpochMetrics) => number | undefined;
}

/** The metrics of the first validation split, `valid` if it is there. */
const validation = ({ valid }: EpochMetrics) => valid.valid ?? Object.values(valid)[0];

const QUANTITIES: readonly Quantity[] = [
  { title: 'Validation loss', yLabel: 'loss', value: (epoch) => validation(epoch)?.loss },
  { title: 'Validation nll', yLabel: 'nll, bits', value: (epoch) => validation(epoch)?.nll_loss },
  { title: 'Validation BLEU', yLabel: 'BLEU', value: (epoch) => validation(epoch)?.bleu },
  { title: 'Gradient norm', yLabel: 'norm, before clipping', value: ({ train }) => train?.gnorm },
  { title: 'Speed', yLabel: 'target words per second', value: ({ train }) => train?.wps },
];

/** The section with the learning curves of all systems. */
export function curvesSection(study: Study): Block[] {
  const figures = study.groups.flatMap((group) => {
    const legend = legendOf(group.systems.map(({ name }) => name));
    const panels = QUANTITIES.flatMap((quantity) => panelOf(quantity, group, legend) ?? []);
    if (panels.length === 0) return [];
    const caption = captionOf(group, 'learning curves. Thin lines are runs, thick lines their mean.');
    return [figureBlock({ id: figureId('curves', group.name), caption, legend, panels })];
  });
  if (figures.length === 0) return [];
  return [
    heading('Learning curves'),
    paragraph(
      'Losses of different criterions are different quantities, and nll does not rank criterions either: a criterion can have the higher nll and the higher BLEU. High values of the first epochs may lie above the frame.',
      'note',
    ),
    ...figures,
  ];
}

/** @returns null if no run logged the quantity */
function panelOf({ title, yLabel, value }: Quantity, { systems }: Group, legend: readonly LegendEntry[]): Panel | null {
  const curves = systems.map(({ runs }) => runs.map((run) => pointsOf(run, value)).filter(({ length }) => length > 0));
  const all = curves.flat(2);
  if (all.length === 0) return null;
  const lastEpoch = highest(all.map(([epoch]) => epoch));
  const lines = curves.flatMap((runs, index): Line[] => {
    const entry = legend[index]!;
    const thin = runs.map((points): Line => ({ entry, weight: 'thin', points }));
    const mean = meanCurve(runs, lastEpoch);
    return mean.length === 0 ? thin : [...thin, { entry, weight: 'thick', points: mean }];
  });
  const top = frameTop(all, lastEpoch);
  const axes = { xLabel: 'epoch', xDomain: [1, Math.max(2, lastEpoch)] as const, hasWholeX: true, yLabel };
  return linePlot({ title, lines, ...axes, ...(top !== null && { top }) });
}

type Point = readonly [epoch: number, value: number];

const pointsOf = ({ training }: ReportRun, value: Quantity['value']): Point[] =>
  (training?.epochs ?? []).flatMap((epoch) => {
    const y = value(epoch);
    return y === undefined || !Number.isFinite(y) ? [] : [[epoch.epoch, y] as const];
  });

/** The mean of the runs that have come to the last epoch; runs under way would bend it. */
function meanCurve(runs: readonly (readonly Point[])[], lastEpoch: number): Point[] {
  const whole = runs.filter((points) => points.at(-1)![0] === lastEpoch);
  if (whole.length === 0) return [];
  const values = new Map<number, number[]>();
  for (const [epoch, y] of whole.flat()) values.set(epoch, [...(values.get(epoch) ?? []), y]);
  return [...values]
    .filter(([, ys]) => ys.length === whole.length)
    .sort(([a], [b]) => a - b)
    .map(([epoch, ys]) => [epoch, meanOf(ys)] as const);
}

/**
 * The highest value to show, or null for all. The first tenth of a training often falls from values so high that the rest
 * would be flat; if so, the frame starts at what follows.
 */
function frameTop(points: readonly Point[], lastEpoch: number): number | null {
  const values = (from: number): number[] => points.filter(([epoch]) => epoch >= from).map(([, y]) => y);
  const all = values(1);
  const later = values(1 + Math.floor(lastEpoch / 10));
  if (lastEpoch < 10 || later.length === 0) return null;
  const isMuchHigher = highest(all) - lowest(all) > 1.5 * (highest(later) - lowest(all));
  return isMuchHigher ? highest(later) : null;
}
