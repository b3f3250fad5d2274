import { flagOf, type OptionSpec, type OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { Criterion, CriterionDefinition } from '../plugins/criterion.js';
import type { Registry } from '../plugins/registry.js';

/** A criterion under the short name that tables and charts show. */
export interface LabelledCriterion {
  readonly label: string;
  readonly criterion: Criterion;
}

/** The label of plain cross entropy. */
export const CROSS_ENTROPY = 'CE';

/** The ends of the log bonus in the paper's figure 4. */
const LOG_ENDS = [0.25, 0.5, 0.75, 0.9, 1];
/** The end with which label smoothing is combined, as in the released recipe. */
const SMOOTHED_LOG_END = 0.5;
/** ε that a label does not spell out. */
const USUAL_SMOOTHING = 0.1;

/**
 * A checkpoint's own criterion, then the paper's: cross entropy and the encouraging loss, without and with smoothed
 * labels. Label smoothing spreads ε over all classes, as in the encouraging loss. A criterion that is the checkpoint's
 * own is not repeated.
 * @param own the criterion that the checkpoint was trained with, and its options
 * @param labelSmoothing ε
 */
export function criterionsToCompare(
  criterions: Registry<CriterionDefinition>,
  own: { readonly definition: CriterionDefinition; readonly options: OptionValues },
  labelSmoothing: number,
): LabelledCriterion[] {
  const chosen: [CriterionDefinition, OptionValues][] = [
    [own.definition, own.options],
    [criterions.get('cross_entropy'), {}],
    [criterions.get('label_smoothed_cross_entropy'), { labelSmoothing, smoothingClasses: 'all' }],
    ...LOG_ENDS.map((logEnd): [CriterionDefinition, OptionValues] => [criterions.get('encouraging'), { logEnd }]),
    [criterions.get('encouraging'), { logEnd: SMOOTHED_LOG_END, labelSmoothing }],
  ];
  const byLabel = new Map<string, Criterion>();
  for (const [definition, values] of chosen) {
    const options = selectOptions(definition.options, values);
    const label = criterionLabel(definition, options);
    if (!byLabel.has(label)) byLabel.set(label, definition.build(options));
  }
  return [...byLabel].map(([label, criterion]) => ({ label, criterion }));
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  cross_entropy: CROSS_ENTROPY,
  label_smoothed_cross_entropy: CROSS_ENTROPY,
  encouraging: 'EL',
  label_smoothed_encourage_loss_fairseq: 'EL',
};

/** Options that the label words in its own way, or that do not change the loss. */
const WORDED = ['labelSmoothing', 'bonusLabelSmoothing', 'smoothingClasses', 'logEnd', 'log_end', 'reportAccuracy'];

/**
 * A short form of a criterion, e.g. `EL + LS, LE 0.5`: its name, whether labels are smoothed (with ε unless it is 0.1),
 * where the log bonus ends, and every other option that is not at its default. `(fairseq)` marks smoothing that spreads ε
 * over the other classes only.
 */
export function criterionLabel({ name, options: schema }: CriterionDefinition, options: OptionValues): string {
  const { labelSmoothing: smoothing = 0, bonusLabelSmoothing, smoothingClasses, logEnd, log_end = logEnd } = options;
  const others = Object.entries(schema)
    .filter(([key, spec]) => !WORDED.includes(key) && !isDefault(spec, options[key]))
    .map(([key, spec]) => `${flagOf(key, spec).slice(2)} ${String(options[key])}`);
  const bonusSmoothing = bonusLabelSmoothing ?? smoothing;
  return [
    (SHORT_NAMES[name] ?? name) +
      (smoothing === 0 ? '' : ` + LS${smoothing === USUAL_SMOOTHING ? '' : ` ${String(smoothing)}`}`) +
      (smoothing !== 0 && smoothingClasses === 'others' ? ' (fairseq)' : ''),
    ...(log_end === undefined ? [] : [`LE ${String(log_end)}`]),
    ...(bonusSmoothing === smoothing ? [] : [`bonus-label-smoothing ${String(bonusSmoothing)}`]),
    ...others,
  ].join(', ');
}

const isDefault = (spec: OptionSpec, value: unknown): boolean => String(value) === String(spec.default);
