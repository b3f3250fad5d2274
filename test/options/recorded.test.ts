import { describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { builtInComponents } from '../../src/components.js';
import { UserError } from '../../src/errors.js';
import { checkRecordedOptions } from '../../src/options/recorded.js';
import { defineOptions, type OptionSchema } from '../../src/options/schema.js';
import { modelOptions } from '../../src/plugins/model-options.js';
import { trainingOptions } from '../../src/training/request.js';

const schema = defineOptions({
  count: { kind: 'int', default: 1, min: 1, max: 9, help: '' },
  limit: { kind: 'int', default: null, help: '' },
  share: { kind: 'float', default: 0.5, min: 0, max: 1, help: '' },
  isOn: { kind: 'boolean', default: false, help: '' },
  way: { kind: 'choice', choices: ['a', 'b'], default: 'a', help: '' },
  file: { kind: 'string', default: 'x', metavar: 'FILE', help: '' },
  rates: { kind: 'numbers', default: [1], min: 0, help: '' },
  names: { kind: 'strings', default: [], help: '' },
});

const check = (recorded: Record<string, unknown>) => checkRecordedOptions('c', recorded, schema);

describe('a recorded option', () => {
  it.each<[key: string, value: unknown, taken: unknown]>([
    ['count', 3, 3],
    ['count', '3', 3],
    ['limit', null, null],
    ['share', 1e-7, 1e-7],
    ['share', '1e-7', 1e-7],
    ['isOn', true, true],
    ['isOn', 'True', true],
    ['isOn', 0, false],
    ['way', 'b', 'b'],
    ['file', '', ''],
    ['rates', [0.9, 0.98], [0.9, 0.98]],
    ['rates', ['0.9', 1], [0.9, 1]],
    ['rates', '(0.9, 0.98)', [0.9, 0.98]],
    ['rates', 0.1, [0.1]],
    ['rates', [], []],
    ['names', ['a', 'b'], ['a', 'b']],
  ])('%s may be %j', (key, value, taken) => {
    expect(check({ [key]: value })).toEqual({ [key]: taken });
  });

  it.each<[key: string, value: unknown, says: string]>([
    ['count', null, 'c records --count null, which is not a whole number'],
    ['count', 0, 'c records --count: 0 is too small'],
    ['count', 10, 'c records --count: 10 is too large'],
    ['count', 1.5, "c records --count: '1.5' is not a whole number"],
    ['count', [1], 'c records --count [1], which is not a whole number'],
    ['limit', Number.POSITIVE_INFINITY, "c records --limit: 'Infinity' is not a whole number"],
    ['limit', 2 ** 60, 'is too large'],
    ['share', Number.NaN, "c records --share: 'NaN' is not a number"],
    ['share', {}, 'c records --share {}, which is not a number'],
    ['isOn', null, 'c records --is-on null, which is not True or False'],
    ['isOn', 2, "c records --is-on: '2' is neither True nor False"],
    ['way', 1, 'c records --way 1, which is not one of its choices'],
    ['way', ['a'], 'c records --way ["a"], which is not one of its choices'],
    ['way', 'c', "c records --way: unknown value 'c'"],
    ['file', 5, 'c records --file 5, which is not a string'],
    ['rates', [[1]], 'c records --rates [[1]], which is not a list of numbers'],
    ['rates', [-1], 'c records --rates: -1 is too small'],
    ['names', 'a', 'c records --names "a", which is not a list of strings'],
    ['names', 'y'.repeat(999), `c records --names "${'y'.repeat(59)}…, which is not`],
  ])('%s may not be %j', (key, value, says) => {
    expect(() => check({ [key]: value })).toThrow(UserError);
    expect(() => check({ [key]: value })).toThrow(says);
  });

  it('that the schema lacks is left out, and an inherited property is not an option', () => {
    expect(check({ other: 5, count: 2 })).toEqual({ count: 2 });
    expect(checkRecordedOptions('c', {}, { toString: schema.count } as OptionSchema)).toEqual({});
  });
});

describe('the options that a run records', () => {
  const { architectures, criterions, optimizers, lrSchedulers } = builtInComponents();
  const plugins = [...criterions.values(), ...optimizers.values(), ...lrSchedulers.values()];

  it.each<[string, OptionSchema]>([
    ['training', trainingOptions],
    ...plugins.map(({ name, options }): [string, OptionSchema] => [name, options]),
  ])('of %s are valid by default', (_, options) => {
    const defaults = Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.default]));
    expect(checkRecordedOptions('c', defaults, options)).toEqual(defaults);
  });

  it.each(architectures.values().map((architecture) => [architecture.name, architecture] as const))(
    'of %s are valid by default',
    (_, architecture) => {
      const defaults = modelOptions(architecture, {});
      expect(checkRecordedOptions('c', defaults, architecture.model.options)).toEqual(defaults);
    },
  );

  it('of a Transformer include those that it always records', () => {
    expect(Object.keys(transformer.options)).toEqual(expect.arrayContaining([...transformer.alwaysRecorded!]));
  });
});
