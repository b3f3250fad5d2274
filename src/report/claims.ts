import { UserError } from '../errors.js';
import { checkKnown, mapping } from '../experiments/yaml-entries.js';
import { MEASURE_NAMES, type MeasureName } from './measures.js';

/** What a text, e.g. a paper, says that systems do. A report shows beside it what was measured. */
export interface Claims {
  readonly source: string;
  readonly claims: readonly Claim[];
}

/** That a measure of a system lies above or below a number, or a multiple of the measure of another system. */
export interface Claim {
  readonly text: string;
  /** What it was said of, e.g. `ResNet-50, CIFAR-10`; null if that is not told. */
  readonly setting: string | null;
  readonly measure: MeasureName;
  /** The label of the criterion whose gradient is measured; null for measures of other things. */
  readonly criterion: string | null;
  readonly system: string;
  readonly relation: 'above' | 'below';
  readonly than: string | number;
  readonly factor: number;
}

const NAMES = ['claim', 'setting', 'measure', 'criterion', 'system', 'above', 'below', 'factor'];

/**
 * Reads the entries of a file of claims:
 *
 *     source: Zhao et al. 2022
 *     claims:
 *       - claim: The margins of EL are at least twice those of CE (figure 6)
 *         setting: CIFAR-10          # what it was said of; may be left out
 *         measure: margin            # a name in measures.ts
 *         system: EL                 # a value of the axis that the report has as rows
 *         above: CE                  # or below; a system or a number
 *         factor: 2                  # of the other system's measure
 *
 * @param path the file's name, for messages
 * @throws UserError that names the entry at fault
 */
export function parseClaims(path: string, entries: ReadonlyMap<string, unknown>): Claims {
  for (const name of entries.keys()) checkKnown(path, name, ['source', 'claims']);
  const source = entries.get('source');
  const claims = entries.get('claims');
  if (typeof source !== 'string') throw new UserError(`${path}: source is missing`, 'say whose claims these are');
  if (!Array.isArray(claims)) throw new UserError(`${path}: claims is not a list`, 'write `- claim: …` for each');
  return { source, claims: claims.map((claim, index) => readClaim(`${path}: claim ${index + 1}`, claim)) };
}

function readClaim(where: string, value: unknown): Claim {
  const entry = mapping(where, null, value);
  for (const name of Object.keys(entry)) checkKnown(where, name, NAMES);
  const { claim, setting = null, measure, system, above, below, criterion = null, factor = 1 } = entry;
  for (const [name, text] of Object.entries({ claim, measure, system })) {
    if (typeof text !== 'string') throw new UserError(`${where} has no ${name}`, `add ${name}: …`);
  }
  checkKnown(`${where}: measure`, measure as string, MEASURE_NAMES);
  const than = above ?? below;
  if ((above === undefined) === (below === undefined) || !['string', 'number'].includes(typeof than)) {
    throw new UserError(`${where} needs either above or below`, 'give one of them, with a system or a number');
  }
  if (typeof factor !== 'number' || !(factor > 0)) {
    throw new UserError(`${where}: factor is not a number above 0`, 'change it, or remove it');
  }
  if ((criterion !== null) !== (measure === 'relative gradient norm')) {
    const remedy = 'name the criterion, e.g. criterion: EL, LE 1, for this measure and for no other';
    throw new UserError(`${where}: criterion belongs to relative gradient norm`, remedy);
  }
  return {
    text: claim as string,
    setting: setting === null ? null : String(setting),
    measure: measure as MeasureName,
    criterion: criterion === null ? null : String(criterion),
    system: system as string,
    relation: above === undefined ? 'below' : 'above',
    than: than as string | number,
    factor,
  };
}
