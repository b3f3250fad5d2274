import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { parseJsonOptions } from '../../src/options/json-options.js';
import { pythonLiteralToJson } from '../../src/options/python-literal.js';
import { defineOptions } from '../../src/options/schema.js';

const schema = defineOptions({
  adamBetas: { kind: 'numbers', default: [], help: '' },
  weightDecay: { kind: 'float', default: 0, help: '' },
  unnormalized: { kind: 'boolean', default: false, help: '' },
  targetLang: { kind: 'string', default: null, help: '' },
});

const parse = (text: string): object => parseJsonOptions('--flag', text, schema);

describe('options in one argument', () => {
  it.each([
    ['{}', {}],
    ['{"weight_decay": 0.1, "adam_betas": [0.9, 0.98]}', { weightDecay: 0.1, adamBetas: [0.9, 0.98] }],
    ["{'weight_decay': .1, 'adam_betas': (0.9, 0.98,)}", { weightDecay: 0.1, adamBetas: [0.9, 0.98] }],
    ["{ 'unnormalized' : True , }", { unnormalized: true }],
    [`{'target_lang': "it's"}`, { targetLang: "it's" }],
    [`{'target_lang': 'it\\'s "so"'}`, { targetLang: 'it\'s "so"' }],
    [`{'target_lang': 'True, (x)'}`, { targetLang: 'True, (x)' }],
    ["{'weight_decay': 1e-3}", { weightDecay: 1e-3 }],
  ])('are read from %s, JSON or Python', (text, values) => {
    expect(parse(text)).toEqual(values);
  });

  it.each([
    ['weight_decay=1', 'is not valid JSON'],
    ['[1]', 'is not a JSON object'],
    ["{'weight_decay': x}", 'is not valid JSON'],
    ["{'weight_decay': 'x'}", "--flag weight_decay: 'x' is not a number"],
    ["{'weight_dekay': 1}", "did you mean 'weight_decay'?"],
  ])('are refused if they are %s', (text, message) => {
    expect(() => parse(text)).toThrow(UserError);
    expect(() => parse(text)).toThrow(message);
  });
});

it('a Python literal becomes equivalent JSON', () => {
  const text = `{'a': (1, [2, -3.5]), "b": None, 'c': {'d': False}, 'e': "x\\"y"}`;
  expect(JSON.parse(pythonLiteralToJson(text))).toEqual({ a: [1, [2, -3.5]], b: null, c: { d: false }, e: 'x"y' });
});
