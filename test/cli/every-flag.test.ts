import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { builtInComponents } from '../../src/components.js';
import { flagOf, type OptionSchema, type OptionSpec } from '../../src/options/schema.js';

/** Every schema that a command line can have: the commands' own, and one for each plug-in. */
async function everySchema(): Promise<[title: string, schema: OptionSchema][]> {
  const own = await Promise.all(
    commands.map(async ({ name, load }) => [name, (await load()).options] as [string, OptionSchema]),
  );
  const { architectures, criterions, optimizers, lrSchedulers } = builtInComponents();
  const models = architectures.names().map((name) => [name, architectures.get(name).model.options] as const);
  const others = [criterions, optimizers, lrSchedulers].flatMap((registry) =>
    registry.names().map((name) => [name, registry.get(name).options] as const),
  );
  return [...own, ...[...models, ...others].map(([name, schema]): [string, OptionSchema] => [name, schema])];
}

/** A text that the option takes, and the value that it stands for. */
function example(spec: OptionSpec): { text: string; value: unknown } {
  switch (spec.kind) {
    case 'int':
    case 'float': {
      const value = Math.min(Math.max(3, spec.min ?? 3), spec.max ?? 3);
      return { text: String(value), value };
    }
    case 'numbers':
      return { text: '1,2', value: [1, 2] };
    case 'boolean':
      return { text: 'False', value: false };
    case 'choice':
      return { text: spec.choices.at(-1)!, value: spec.choices.at(-1)! };
    case 'string':
      return { text: 'some-text', value: 'some-text' };
    case 'strings':
      return { text: 'some-text', value: ['some-text'] };
  }
}

const spellings = (key: string, spec: OptionSpec): string[] => [flagOf(key, spec), ...(spec.aliases ?? [])];
const takesValue = (spec: OptionSpec): boolean => spec.kind !== 'boolean' || spec.takesValue === true;

async function read(schema: OptionSchema, argv: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  let seen: Readonly<Record<string, unknown>> = {};
  const run = async ({ all, explicitKeys }: { all: object; explicitKeys: ReadonlySet<string> }): Promise<void> => {
    seen = Object.fromEntries(Object.entries(all).filter(([key]) => explicitKeys.has(key)));
  };
  await runCommand({ name: 'try', description: 'Try.', options: schema, run }, argv);
  return seen;
}

describe('every flag of every command and plug-in', async () => {
  it.each(await everySchema())('%s: a value that follows a flag is its value', async (_, schema) => {
    for (const [key, spec] of Object.entries(schema).filter(([, one]) => takesValue(one))) {
      if (key === 'config') continue; // read as a file
      const { text, value } = example(spec);
      for (const spelling of spellings(key, spec)) {
        expect(await read(schema, [spelling, text]), `${spelling} ${text}`).toEqual({ [key]: value });
        if (!spelling.startsWith('--')) continue;
        expect(await read(schema, [`${spelling}=${text}`]), `${spelling}=${text}`).toEqual({ [key]: value });
      }
    }
  });

  it.each(await everySchema())('%s: a flag without a value is true', async (_, schema) => {
    for (const [key, spec] of Object.entries(schema).filter(([, one]) => !takesValue(one))) {
      for (const spelling of spellings(key, spec)) {
        expect(await read(schema, [spelling]), spelling).toEqual({ [key]: true });
      }
    }
  });
});
