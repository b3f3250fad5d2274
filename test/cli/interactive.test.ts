import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../src/tf.js';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';

interface GoldenRun {
  readonly args: readonly string[];
  readonly input: readonly string[];
  readonly output: readonly string[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/generate/interactive.json', import.meta.url), 'utf8'),
) as Record<string, GoldenRun>;

const codes = fileURLToPath(new URL('../golden/text/bpe/codes', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'ts-fairseq-interactive-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let checkpoint: string;
beforeAll(() => {
  checkpoint = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const inputOf = (lines: readonly string[]): string => file('input', lines.map((line) => `${line}\n`).join(''));

const run = (input: string, ...argv: string[]): Promise<Outcome> =>
  runCommandLine(['interactive', goldenData, '--path', checkpoint, '--input', input, ...argv]);

const SHORT = ['--beam', '2', '--max-len-b', '4'];

/** The answers to lines, with short outputs. */
async function answers(lines: readonly string[], ...argv: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(inputOf(lines), ...SHORT, ...argv);
  expect(code, stderr).toBe(0);
  return stdout.trimEnd().split('\n');
}

const kinds = (lines: readonly string[]): string[] => lines.map((line) => line.split('\t')[0]!);
const linesOf = (kind: string, lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith(`${kind}-`)).map((line) => line.slice(line.indexOf('\t') + 1));

/** How far a score may lie from fairseq's. */
const TOLERANCE = 1e-3;

/** A line with its scores apart from its text; W- lines without their time. */
function parse(line: string): { text: string; scores: number[] } {
  const [head, ...rest] = line.split('\t') as [string, ...string[]];
  if (head.startsWith('W-')) return { text: `${head} seconds`, scores: [] };
  if (head.startsWith('P-')) return { text: head, scores: rest[0]!.split(' ').map(Number) };
  if (/^[HD]-/.test(head)) return { text: `${head} ${rest[1]}`, scores: [Number(rest[0]!.replace('inf', 'Infinity'))] };
  return { text: line, scores: [] };
}

describe("fairseq's answers with fairseq's weights", () => {
  it.each(Object.entries(golden))('%s', async (_, { args, input, output }) => {
    const before = tf.memory().numTensors;
    const { code, stdout, stderr } = await run(
      inputOf(input),
      ...args.map((argument) => argument.replace('bpe/codes', codes)),
    );
    expect(code, stderr).toBe(0);
    const actual = stdout.trimEnd().split('\n').map(parse);
    const expected = output.map(parse);
    expect(actual.map(({ text }) => text)).toEqual(expected.map(({ text }) => text));
    for (const [at, { scores, text }] of expected.entries()) {
      expect(actual[at]!.scores, text).toHaveLength(scores.length);
      const differences = scores.map((score, index) => Math.abs(score - actual[at]!.scores[index]!));
      expect(Math.max(0, ...differences), text).toBeLessThanOrEqual(TOLERANCE);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
