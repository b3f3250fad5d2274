import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import {
  type Axis,
  type PlannedComparison,
  type PublishedScore,
  REPLICATES,
  type SweepDescription,
} from './sweep-plan.js';
import { checkKnown, mapping } from './yaml-entries.js';

/** `compare: { criterion: [[el, ce], [el-ls, ce-ls]] }` */
export function readComparisons(path: string, axes: readonly Axis[], value: unknown): PlannedComparison[] {
  return Object.entries(mapping(path, 'compare', value)).flatMap(([name, pairs]) => {
    const where = `${path}: compare: ${name}`;
    const names = axes.map((one) => one.name);
    checkKnown(`${path}: compare`, name, names);
    if (name === REPLICATES) {
      const others = names.filter((one) => one !== REPLICATES);
      throw new UserError(
        `${path}: compare: seeds repeat a system and are not compared`,
        others.length === 0 ? 'remove the entry' : `name another axis: ${others.join(', ')}`,
      );
    }
    if (!Array.isArray(pairs)) throw new UserError(`${where} is not a list of pairs`, 'write [[better, worse], …]');
    const { values } = axes.find((one) => one.name === name)!;
    const read = pairs.map((pair: unknown) => ({ axis: name, values: readPair(where, values, pair) }));
    checkPairs(where, read);
    return read;
  });
}

function readPair(where: string, known: readonly string[], pair: unknown): readonly [string, string] {
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new UserError(`${where}: ${JSON.stringify(pair)} is not a pair`, 'write [better, worse]');
  }
  for (const one of pair) checkKnown(where, String(one), known);
  return [String(pair[0]), String(pair[1])];
}

function checkPairs(where: string, pairs: readonly PlannedComparison[]): void {
  const seen = new Set<string>();
  for (const { values } of pairs) {
    const [better, worse] = values;
    if (better === worse) throw new UserError(`${where}: ${better} is compared with itself`, 'remove the pair');
    const key = [...values].sort().join();
    if (seen.has(key)) throw new UserError(`${where}: ${better} and ${worse} are compared twice`, 'remove one pair');
    seen.add(key);
  }
}

/**
 * `tune: { validation: lenpen-valid, test: lenpen-test }`
 * @param translations the names that `generate` gives
 */
export function readTuning(path: string, value: unknown, translations: readonly string[]): SweepDescription['tune'] {
  const entries = mapping(path, 'tune', value);
  for (const name of Object.keys(entries)) checkKnown(`${path}: tune`, name, ['validation', 'test']);
  const read = (name: 'validation' | 'test'): string => readTranslationName(path, name, entries[name], translations);
  return { validation: read('validation'), test: read('test') };
}

function readTranslationName(path: string, entry: string, value: unknown, translations: readonly string[]): string {
  if (value === undefined) {
    throw new UserError(`${path}: tune: ${entry} is missing`, 'write { validation: NAME, test: NAME }');
  }
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new UserError(`${path}: tune: ${entry} is not the name of a translation`, 'name one of generate');
  }
  const name = String(value);
  if (translations.includes(name)) return name;
  const nearest = didYouMean(name, translations);
  const remedy = nearest.startsWith('did you mean') ? `${nearest} (generate has ${translations.join(', ')})` : nearest;
  throw new UserError(
    `${path}: tune: ${entry}: no translation is named '${name}'`,
    translations.length === 0 ? 'add it to generate' : remedy,
  );
}

/** `{ de-en: { ce: 35.09, el: 35.50 ± 0.11 } }`: every name is a value of another axis. */
export function readPublished(where: string, axes: readonly Axis[], entry: unknown): PublishedScore[] {
  return Object.entries(mapping(where, null, entry)).flatMap(([name, score]) => {
    checkKnown(
      where,
      name,
      axes.flatMap(({ values }) => values),
    );
    const axis = axes.find(({ values }) => values.includes(name))!;
    if (typeof score === 'string' || typeof score === 'number') {
      return [{ values: { [axis.name]: name }, text: String(score) }];
    }
    const others = axes.filter((one) => one !== axis);
    return readPublished(`${where}: ${name}`, others, score).map(({ values, text }) => ({
      values: { [axis.name]: name, ...values },
      text,
    }));
  });
}
