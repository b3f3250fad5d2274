import { analysisSection } from './analysis-section.js';
import type { Claims } from './claims.js';
import { claimsSection } from './claims-section.js';
import { compareAll } from './compare.js';
import { bootstrapAppendix, comparisonsSection } from './comparisons-section.js';
import { conclusion } from './conclusion.js';
import { configurationSection } from './configuration-section.js';
import { curvesSection } from './curves-section.js';
import { type Block, heading, paragraph, type ReportDocument } from './document.js';
import { missingSection } from './missing-section.js';
import { optionFigure } from './option-figure.js';
import { publishedOrder } from './published-order.js';
import type { ReportInput } from './report-run.js';
import { groupTables, mainTable, progressNote, publishedTables, seedsOf } from './results-section.js';
import { studyOf } from './study.js';
import { translationsSection } from './translations-section.js';

/**
 * Says in a document what runs came to. The same input gives the same document.
 * @param claims shown beside what was measured
 */
export function buildReport(input: ReportInput, claims: Claims | null = null): ReportDocument {
  const study = studyOf(input);
  const comparisons = compareAll(study);
  const progress = progressNote(study, comparisons);
  const tables = [...groupTables(study), ...seedsOf(study)];
  const blocks = [
    paragraph(conclusion(study, comparisons), 'lead'),
    ...(progress === null ? [] : [paragraph(progress, 'warning')]),
    ...mainTable(study),
    ...publishedTables(study),
    ...publishedOrder(study, comparisons),
    ...study.groups.flatMap((group) => optionFigure(study, group)),
    ...(tables.length === 0 ? [] : [heading('Results'), ...tables]),
    ...comparisonsSection(study, comparisons),
    ...curvesSection(study),
    ...claimsSection(study, claims),
    ...analysisSection(study),
    ...translationsSection(study, comparisons),
    ...configurationSection(study),
    ...missingSection(study),
    ...bootstrapAppendix(comparisons),
  ];
  return { title: study.title, blocks: withDistinctFigures(blocks) };
}

/** Two groups whose names differ in signs alone would have figures of one id. */
function withDistinctFigures(blocks: readonly Block[]): Block[] {
  const seen = new Map<string, number>();
  return blocks.map((block) => {
    if (block.kind !== 'figure') return block;
    const count = (seen.get(block.figure.id) ?? 0) + 1;
    seen.set(block.figure.id, count);
    return count === 1 ? block : { ...block, figure: { ...block.figure, id: `${block.figure.id}-${count}` } };
  });
}
