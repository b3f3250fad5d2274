import type { Analysis, CriterionGradients } from '../analysis/analysis.js';
import { optionOf } from '../experiments/sweep-plan.js';
import { type AnalyzedSystem, linesOf } from './analyzed-system.js';
import { type Block, figureBlock, numberColumn, strong, tableBlock, textColumn } from './document.js';
import { figureId } from './figure.js';
import { fixed, MISSING, meanAndDeviation, meanOf } from './numbers.js';
import { linePlot } from './plot.js';
import type { ReportRun } from './report-run.js';
import { captionOf, type Group, type Study, type System } from './study.js';

/** Gradient norms of the last epochs: on each run's own trajectory, and of all criterions on shared checkpoints. */
export function gradientNormBlocks(study: Study, group: Group, analyzed: readonly AnalyzedSystem[]): Block[] {
  return [...trajectoryTable(study, group), ...sharedTable(group, analyzed)];
}

const LAST_EPOCHS = 10;

/** The mean of the norms of gradients that a run logged for its last epochs; null if it has not ended, or logged none. */
export function lastNorm({ state, training }: ReportRun): number | null {
  if (state !== 'done' && state !== 'log') return null;
  const norms = (training?.epochs ?? []).flatMap(({ train }) => train?.gnorm ?? []).slice(-LAST_EPOCHS);
  return norms.length === 0 ? null : meanOf(norms);
}

function trajectoryTable(study: Study, group: Group): Block[] {
  const measured = group.systems.flatMap((system) => {
    const norms = system.runs.flatMap((run) => lastNorm(run) ?? []);
    return norms.length === 0 ? [] : [{ system, norms }];
  });
  if (measured.length === 0) return [];
  // If all are cross entropies, there is nothing that they are relative to.
  const entropies = measured.filter(({ system }) => isCrossEntropy(system));
  const baselines = entropies.length < measured.length ? entropies : [];
  const relative = baselines.length === 0 ? [] : [numberColumn('relative to cross entropy')];
  const cellOf = ({ system, norms }: (typeof measured)[number]): string => {
    const baseline = baselines.find((one) => smoothingOf(one.system) === smoothingOf(system));
    return baseline === undefined ? MISSING : `${fixed(meanOf(norms) / meanOf(baseline.norms), 2)} ×`;
  };
  return [
    tableBlock({
      caption: captionOf(group, `gradient norm of training, mean of the last ${LAST_EPOCHS} epochs (or all, if fewer)`),
      columns: [textColumn(study.rowAxis ?? ''), numberColumn('gradient norm'), ...relative],
      rows: measured.map((one) => [
        [strong(one.system.name)],
        meanAndDeviation(one.norms, 3),
        ...(baselines.length === 0 ? [] : [cellOf(one)]),
      ]),
      notes: [
        'Before clipping, with dropout, on the trajectory of each run: each criterion at its own weights.',
        ...(baselines.length === 0
          ? []
          : ['Cross entropy is the first system that trains with it and with the same label smoothing.']),
      ],
    }),
  ];
}

/** The value of an option of a system's training; undefined if no run tells it. */
function trainOption({ runs }: System, name: string): unknown {
  const [first] = runs.flatMap(
    ({ options, resolved }) => optionOf(options?.train ?? {}, name) ?? resolved?.[name.replaceAll('-', '_')] ?? [],
  );
  return first;
}

/** Whether a system trains with cross entropy, smoothed or not, and without encouragement. */
const isCrossEntropy = (system: System): boolean =>
  ['cross_entropy', 'label_smoothed_cross_entropy'].includes(String(trainOption(system, 'criterion')));

/** ε of the labels that a system trains on. */
const smoothingOf = (system: System): number =>
  trainOption(system, 'criterion') === 'cross_entropy' ? 0 : Number(trainOption(system, 'label-smoothing') ?? 0);

function sharedTable(group: Group, analyzed: readonly AnalyzedSystem[]): Block[] {
  const labels = [
    ...new Set(analyzed.flatMap(({ analyses }) => analyses.flatMap(({ criterions }) => criterions.map(labelOf)))),
  ];
  // The first criterion of an analysis is the checkpoint's own; the paper's follow in a fixed order.
  const paper = analyzed[0]?.analyses[0]?.criterions.slice(1).map(labelOf) ?? [];
  const ordered = [...labels.filter((label) => !paper.includes(label)), ...new Set(paper)];
  if (ordered.length === 0) return [];
  const cellOf = (label: string, { analyses }: AnalyzedSystem): string => {
    const norms = analyses.flatMap(
      ({ criterions }) => criterions.find((one) => one.label === label)?.relativeNorm ?? [],
    );
    return norms.length === 0 ? MISSING : meanAndDeviation(norms, 2);
  };
  return [
    tableBlock({
      caption: captionOf(
        group,
        'gradient norm by criterion on shared checkpoints and batches, relative to cross entropy',
      ),
      columns: [textColumn('criterion'), ...analyzed.map(({ system }) => numberColumn(`at ${system.name}`))],
      rows: ordered.map((label) => [[strong(label)], ...analyzed.map((system) => cellOf(label, system))]),
      notes: [
        `Unclipped, without dropout${batchesOf(analyzed)}. A column has the checkpoints of one system, a row the criterion.`,
      ],
    }),
  ];
}

/** `, mean of 20 batches of the split train` */
function batchesOf(analyzed: readonly AnalyzedSystem[]): string {
  const batches = analyzed.flatMap(({ analyses }) => analyses.flatMap(({ gradientBatches }) => gradientBatches ?? []));
  const texts = [...new Set(batches.map(({ split, batches: count }) => `${count} batches of the split ${split}`))];
  return texts.length === 1 ? `, mean over ${texts[0]}` : '';
}

const labelOf = ({ label }: CriterionGradients): string => label;

/** How each system's own criterion spreads its gradient over the probabilities p of the true class. */
export function gradientShareBlocks(group: Group, analyzed: readonly AnalyzedSystem[]): Block[] {
  const withShare = analyzed.flatMap(({ system, analyses }) => {
    const measured = analyses.filter(({ criterions }) => criterions.length > 0);
    return measured.length === 0 ? [] : [{ system, analyses: measured }];
  });
  if (withShare.length === 0) return [];
  const binned = (values: (own: CriterionGradients) => readonly number[]) => (analyses: readonly Analysis[]) => {
    const rows = analyses.map(({ criterions }) => values(criterions[0]!));
    return rows[0]!.map((_, bin) => [(bin + 0.5) / rows[0]!.length, meanOf(rows.map((row) => row[bin]!))] as const);
  };
  const shares = linesOf(
    group,
    withShare,
    binned(({ share }) => share.share),
  );
  const means = linesOf(
    group,
    withShare,
    binned(({ share }) => share.mean),
  );
  const axes = { xLabel: 'p of the true class', xDomain: [0, 1] as const, hasDots: true };
  return [
    figureBlock({
      id: figureId('gradient-share', group.name),
      caption: captionOf(
        group,
        'gradient |∂L/∂f| at the score of the true class, by its probability: each criterion at its own checkpoints, mean over runs',
      ),
      legend: shares.map(({ entry }) => entry),
      panels: [
        linePlot({ title: 'Share of the gradient', yLabel: 'share', lines: shares, ...axes }),
        linePlot({ title: 'Gradient per row', yLabel: 'mean |∂L/∂f|', lines: means, ...axes }),
      ],
    }),
  ];
}
