import { type Block, figureBlock } from './document.js';
import { figureId, legendOf } from './figure.js';
import { highest, lowest, meanOf } from './numbers.js';
import { type Line, linePlot } from './plot.js';
import { bleuOf, captionOf, type Group, type Study, type System, seedOf, translationOf } from './study.js';

/** The fewest values of an option that make a curve. */
const FEWEST_VALUES = 3;

/**
 * BLEU over an option that the systems of a group differ in, e.g. over LE if they are called `LE=0.25`, `LE=0.5` …: every seed,
 * the mean, and the mean of each other system as a line across.
 */
export function optionFigure({ main }: Study, group: Group): Block[] {
  const scored = group.systems.filter((system) => bleuOf(system, main).length > 0);
  const named = scored.flatMap((system) => optionValueOf(system) ?? []);
  const [option] = named.map(({ name }) => name);
  const values = named.filter(({ name }) => name === option).sort((a, b) => a.value - b.value);
  if (option === undefined || values.length < FEWEST_VALUES) return [];
  const others = scored.filter((system) => !values.some((one) => one.system === system));
  const legend = legendOf([option, ...others.map(({ name }) => name)]);
  const seeds = [...new Set(values.flatMap(({ system }) => system.runs.map(seedOf)))];
  const xs = values.map(({ value }) => value);
  const lines: Line[] = [
    ...(seeds.length < 2 ? [] : seeds).map((seed) => ({
      entry: legend[0]!,
      weight: 'thin' as const,
      points: values.flatMap(({ system, value }) => {
        const translation = translationOf(system, seed, main);
        return translation === undefined ? [] : [[value, translation.bleu] as const];
      }),
    })),
    {
      entry: legend[0]!,
      weight: 'thick',
      points: values.map(({ system, value }) => [value, meanOf(bleuOf(system, main))] as const),
    },
    ...others.map((system, index) => ({
      entry: legend[index + 1]!,
      weight: 'thick' as const,
      points: [lowest(xs), highest(xs)].map((x) => [x, meanOf(bleuOf(system, main))] as const),
    })),
  ];
  return [
    figureBlock({
      id: figureId('bleu-over', option, group.name),
      caption: captionOf(
        group,
        `BLEU over ${option}: every seed (thin lines) and the mean; other systems are lines across`,
      ),
      legend,
      panels: [linePlot({ title: '', xLabel: option, yLabel: 'BLEU', lines, hasDots: true })],
    }),
  ];
}

/** The option and its value in a name such as `LE=0.25`; null for other names. */
function optionValueOf(system: System): { system: System; name: string; value: number } | null {
  const [, name, number] = /^([^=]+)=(-?[\d.]+(?:e-?\d+)?)$/.exec(system.name) ?? [];
  const value = Number(number);
  return name === undefined || Number.isNaN(value) ? null : { system, name, value };
}
