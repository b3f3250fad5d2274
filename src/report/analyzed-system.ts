import type { Analysis } from '../analysis/analysis.js';
import { legendOf } from './figure.js';
import type { Line } from './plot.js';
import type { Group, System } from './study.js';

/** A system with the analyses of its runs. */
export interface AnalyzedSystem {
  readonly system: System;
  readonly analyses: readonly Analysis[];
}

/** A line per system in the colour that it has in all figures of its group. */
export function linesOf(
  group: Group,
  analyzed: readonly AnalyzedSystem[],
  points: (analyses: readonly Analysis[]) => Line['points'],
): Line[] {
  const legend = legendOf(group.systems.map(({ name }) => name));
  return analyzed.map(({ system, analyses }) => ({
    entry: legend[group.systems.indexOf(system)]!,
    weight: 'thick',
    points: points(analyses),
  }));
}
