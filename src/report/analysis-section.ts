import { gradientNormBlocks, gradientShareBlocks } from './analysis-gradients.js';
import { meanHistogram, mergedReliability } from './analysis-means.js';
import { type AnalyzedSystem, linesOf } from './analyzed-system.js';
import {
  type Block,
  figureBlock,
  heading,
  numberColumn,
  paragraph,
  strong,
  tableBlock,
  textColumn,
} from './document.js';
import { figureId } from './figure.js';
import { ANALYSIS_MEASURES, type AnalysisMeasureName } from './measures.js';
import { meanAndDeviation } from './numbers.js';
import { linePlot } from './plot.js';
import { bleuOf, captionOf, type Group, type Study, shortName } from './study.js';

/** What explains the scores, as far as it was measured. */
export function analysisSection(study: Study): Block[] {
  const blocks = study.groups.flatMap((group) => groupBlocks(study, group));
  return blocks.length === 0 ? [] : [heading('Analyses'), ...blocks];
}

function groupBlocks(study: Study, group: Group): Block[] {
  const analyzed = group.systems.flatMap((system): AnalyzedSystem[] => {
    const analyses = system.runs.flatMap(({ analysis }) => analysis ?? []);
    return analyses.length === 0 ? [] : [{ system, analyses }];
  });
  const blocks = [
    ...gradientNormBlocks(study, group, analyzed),
    ...(analyzed.length === 0 ? [] : measuredBlocks(study, group, analyzed)),
  ];
  const title = group.name === '' ? [] : [heading(group.name, 3)];
  return blocks.length === 0 ? [] : [...title, ...blocks];
}

function measuredBlocks(study: Study, group: Group, analyzed: readonly AnalyzedSystem[]): Block[] {
  const { split } = analyzed[0]!.analyses[0]!;
  return [
    ...gradientShareBlocks(group, analyzed),
    paragraph(
      `The following is measured on the split ${split}, teacher-forced and without dropout. Every target token counts, also the end of the sentence.`,
    ),
    measureTable(
      study,
      analyzed,
      'Conditional energies −f of the scores f: mean over rows',
      [
        ['on the data', 'energy on the data'],
        ['lowest off the data', 'lowest energy off the data'],
        ['difference', 'difference of energies'],
        ['on the data, centred', 'centred energy on the data'],
        ['lowest off, centred', 'centred lowest energy off the data'],
      ],
      'Centred: each row of scores is shifted to a mean of 0. A softmax ignores such shifts, so only centred energies compare between models.',
    ),
    measureTable(
      study,
      analyzed,
      'Margins: the score of the true class less the highest other score',
      [
        ['mean', 'margin'],
        ['lower quartile', 'lower quartile of margins'],
        ['median', 'median margin'],
        ['upper quartile', 'upper quartile of margins'],
        ["mean, authors' form", "margin in the authors' form"],
      ],
      "The authors' code takes the maximum over the scores times (1 − one-hot), which includes a 0.",
    ),
    marginFigure(group, analyzed),
    measureTable(
      study,
      analyzed,
      'Accuracy and expected calibration error (ECE)',
      [
        ['accuracy', 'accuracy'],
        ['confidence', 'confidence'],
        ['ECE, 10 equal widths', 'calibration error'],
        ['ECE, 15 equal widths', 'calibration error in 15 bins'],
        ['ECE, 15 equal masses', 'calibration error in 15 equal masses'],
        ['nll, nats', 'nll'],
      ],
      'Confidence is the highest probability of a row; a row is right if that class is the true one. nll does not rank criterions.',
    ),
    reliabilityFigure(group, analyzed),
    ...probeTable(study, analyzed),
  ];
}

/** A column of a table: its title, and what it shows. */
type MeasureColumn = readonly [title: string, name: AnalysisMeasureName];

/** The BLEU of a translation, beside what the analyses measured. */
interface ScoreColumn {
  readonly title: string;
  readonly translation: string;
}

function measureTable(
  study: Study,
  analyzed: readonly AnalyzedSystem[],
  caption: string,
  measures: readonly MeasureColumn[],
  note: string,
  scores: readonly ScoreColumn[] = [],
): Block {
  return tableBlock({
    caption,
    columns: [
      textColumn(study.rowAxis ?? ''),
      ...measures.map(([title]) => numberColumn(title)),
      ...scores.map(({ title }) => numberColumn(title)),
    ],
    rows: analyzed.map(({ system, analyses }) => [
      [strong(system.name)],
      ...measures.map(([, name]) => {
        const { value, digits } = ANALYSIS_MEASURES[name];
        return meanAndDeviation(
          analyses.flatMap((analysis) => value(analysis) ?? []),
          digits,
        );
      }),
      ...scores.map(({ translation }) => meanAndDeviation(bleuOf(system, translation), 2)),
    ]),
    notes: [note],
  });
}

function marginFigure(group: Group, analyzed: readonly AnalyzedSystem[]): Block {
  const lines = linesOf(group, analyzed, (analyses) => meanHistogram(analyses.map(({ margins }) => margins.histogram)));
  return figureBlock({
    id: figureId('margins', group.name),
    caption: captionOf(group, 'distribution of margins, mean over runs'),
    legend: lines.map(({ entry }) => entry),
    panels: [linePlot({ title: 'Margins', xLabel: 'margin', yLabel: 'share of rows per unit', lines, curve: 'step' })],
  });
}

function reliabilityFigure(group: Group, analyzed: readonly AnalyzedSystem[]): Block {
  const lines = linesOf(group, analyzed, (analyses) =>
    mergedReliability(analyses.map(({ calibration }) => calibration.bins.width10)),
  );
  const unit = [0, 1] as const;
  const panel = linePlot({
    ...{ title: 'Reliability', xLabel: 'confidence', yLabel: 'accuracy', lines },
    ...{ xDomain: unit, yDomain: unit, hasDots: true, hasDiagonal: true },
  });
  return figureBlock({
    id: figureId('reliability', group.name),
    caption: captionOf(group, 'reliability in 10 bins of equal width. Below the dashed line a model is overconfident.'),
    legend: lines.map(({ entry }) => entry),
    panels: [panel],
  });
}

function probeTable(study: Study, analyzed: readonly AnalyzedSystem[]): Block[] {
  const probed = analyzed.flatMap(({ system, analyses }) => {
    const withProbe = analyses.filter(({ probe }) => probe !== null);
    return withProbe.length === 0 ? [] : [{ system, analyses: withProbe }];
  });
  if (probed.length === 0) return [];
  const { epochs, learningRate } = probed[0]!.analyses[0]!.probe!;
  return [
    measureTable(
      study,
      probed,
      'Representations: a new output projection, trained on the frozen features',
      [
        ['accuracy', 'probe accuracy'],
        ['nll, nats', 'probe nll'],
      ],
      `Trained with cross entropy for ${epochs} epochs at the learning rate ${learningRate}.`,
      study.probes.map((name) => ({
        title: study.probes.length === 1 ? 'BLEU' : `BLEU, ${shortName(name, study.probes)}`,
        translation: name,
      })),
    ),
  ];
}
