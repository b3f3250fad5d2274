import * as v from 'valibot';
import { recordOf } from './json-file.js';

/** Metrics by name, e.g. `loss`, `nll_loss`, `gnorm`, `wps`. */
export type Metrics = Readonly<Record<string, number>>;

/** What the log of a training says about an epoch. */
export interface EpochMetrics {
  readonly epoch: number; // 1-based
  readonly train: Metrics | null;
  /** The last validation of the epoch, by split. */
  readonly valid: Readonly<Record<string, Metrics>>;
}

/** What the log of a training says. */
export interface TrainingLog {
  readonly epochs: readonly EpochMetrics[];
  /** Epochs completed, with the part of the current one, e.g. 3.62. */
  readonly position: number;
  readonly updates: number; // completed
  readonly parameters: number | null;
  /** `device cpu, oneDNN 2.6.3, threads 2, isa AVX-512 BF16` */
  readonly device: string | null;
}

const metrics = recordOf(v.number());

/** The shape of a training log in `result.json`. */
export const trainingLogSchema: v.GenericSchema<unknown, TrainingLog> = v.object({
  epochs: v.array(
    v.object({ epoch: v.pipe(v.number(), v.integer()), train: v.nullable(metrics), valid: recordOf(metrics) }),
  ),
  position: v.number(),
  updates: v.optional(v.number(), 0), // results of earlier versions have none
  parameters: v.nullable(v.number()),
  device: v.nullable(v.string()),
});

interface Entry {
  /** `train`, `train_inner` or the name of a split. */
  readonly tag: string;
  readonly epoch: number;
  readonly metrics: Metrics;
}

/**
 * Reads the log of `train`, ours or fairseq's, in the forms `simple` and `json`. Lines of other kinds are skipped. An epoch
 * that a resumed run repeats counts as the last time.
 */
export function parseTrainingLog(lines: Iterable<string>): TrainingLog {
  const epochs = new Map<number, { train: Metrics | null; valid: Record<string, Metrics> }>();
  let position = 0;
  let updates = 0;
  let parameters: number | null = null;
  let device: string | null = null;
  for (const line of lines) {
    parameters ??= parametersIn(line);
    device ??= /\| (device .*)$/.exec(line)?.[1] ?? null;
    const entry = parseEntry(line);
    if (entry === null) continue;
    updates = entry.metrics.num_updates ?? updates;
    if (entry.tag === 'train_inner') {
      position = entry.metrics.update ?? position;
      continue;
    }
    const epoch = epochs.get(entry.epoch) ?? { train: null, valid: {} };
    epochs.set(entry.epoch, epoch);
    if (entry.tag === 'train') {
      epoch.train = entry.metrics;
      position = entry.epoch;
    } else {
      epoch.valid[entry.tag] = entry.metrics;
    }
  }
  const sorted = [...epochs].sort(([a], [b]) => a - b);
  return { epochs: sorted.map(([epoch, metrics]) => ({ epoch, ...metrics })), position, updates, parameters, device };
}

/** `transformer: 2,331,648 parameters; …` and fairseq's `num. shared model params: 2,331,648 (num. trained: …)`. */
function parametersIn(line: string): number | null {
  const count = /([\d,]+) parameters;|num\. (?:shared )?model params: ([\d,]+)/.exec(line);
  return count === null ? null : Number((count[1] ?? count[2])!.replaceAll(',', ''));
}

function parseEntry(line: string): Entry | null {
  return parseJson(line) ?? parseSimple(line);
}

/** `… | INFO | valid | {"epoch": 3, "valid_loss": "9.39", …}` */
function parseJson(line: string): Entry | null {
  const [, tag, body] = /\| ([\w.-]+) \| (\{.*\})\s*$/.exec(line) ?? [];
  if (tag === undefined || body === undefined) return null;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return null; // a line cut short by a full disk
  }
  const prefix = `${tag}_`;
  const pairs = Object.entries(fields).map(
    ([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, Number(value)] as const,
  );
  const { epoch } = fields;
  return typeof epoch === 'number' && isEpoch(epoch) ? { tag, epoch, metrics: numbersOf(pairs) } : null;
}

/** `… | epoch 003 | valid on 'valid' subset | loss 9.39 | …`, `… | epoch 003 | loss 9.44 | …`, `… epoch 003:  5 / 356 loss=9.44, …` */
function parseSimple(line: string): Entry | null {
  const inner = /epoch (\d+):\s+(\d+) \/ (\d+) (.*)$/.exec(line);
  if (inner !== null) {
    const epoch = Number(inner[1]);
    const update = epoch - 1 + Number(inner[2]) / Number(inner[3]);
    const pairs = inner[4]!.split(', ').map((text) => text.split('=') as [string, string]);
    return {
      tag: 'train_inner',
      epoch,
      metrics: numbersOf([...pairs.map(([name, value]) => [name, Number(value)] as const), ['update', update]]),
    };
  }
  const [, epoch, subset, body] = /epoch (\d+) \|(?: valid on '([^']+)' subset \|)? (.*)$/.exec(line) ?? [];
  if (epoch === undefined || body === undefined) return null;
  const pairs = body
    .split(' | ')
    .map((text) => [text.slice(0, text.indexOf(' ')), Number(text.slice(text.indexOf(' ')))] as const);
  return { tag: subset ?? 'train', epoch: Number(epoch), metrics: numbersOf(pairs) };
}

const isEpoch = (value: number): boolean => Number.isInteger(value) && value > 0;

const numbersOf = (pairs: readonly (readonly [string, number])[]): Metrics =>
  Object.fromEntries(pairs.filter(([, value]) => Number.isFinite(value)));
