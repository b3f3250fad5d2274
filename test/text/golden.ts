import { fileURLToPath } from 'node:url';
import { readLines } from '../../src/text/lines.js';

/** The path of a file under test/golden/text, whose README names the producers. */
export const goldenPath = (name: string): string => fileURLToPath(new URL(`../golden/text/${name}`, import.meta.url));

export const goldenLines = (name: string): string[] => [...readLines(goldenPath(name))];
