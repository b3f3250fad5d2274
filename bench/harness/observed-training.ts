import { readSync, writeSync } from 'node:fs';
import { main } from '../../src/cli/main.js';
import { isStatsEvent } from '../../src/cli/output/event-kinds.js';
import { log } from '../../src/log.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { Trainer } from '../../src/training/trainer.js';
import type { BatchWork } from './model-size.js';

/**
 * Runs `ts-fairseq train` with the arguments of this process. After each logged update it writes a line to stdout and waits
 * for a line on stdin, so that several runs can take turns. The time is that of the whole update: loading, forward,
 * backward, clipping, optimizer and log.
 */
export interface ObservedUpdate extends BatchWork {
  readonly update: number;
  readonly seconds: number; // NaN for the first
  readonly loss: number; // as logged
  readonly peakBytes: number; // maximum resident memory of the process so far
  /** The batch, for other programs that run on the same data; only with --emit-batches as the first argument. */
  readonly batch?: Pick<
    TranslationBatch,
    'batchSize' | 'sourceLength' | 'targetLength' | 'sourceTokens' | 'prevOutputTokens' | 'target'
  >;
}

const emitBatches = process.argv[2] === '--emit-batches';
const started = new Map<number, readonly TranslationBatch[]>(); // by update, until it is logged
let start = Number.NaN;

function workOf(batches: readonly TranslationBatch[]): BatchWork {
  const sum = (value: (batch: TranslationBatch) => number): number =>
    batches.reduce((total, batch) => total + value(batch), 0);
  return {
    sourceTokens: sum(({ sourceTokenCount }) => sourceTokenCount),
    targetTokens: sum(({ ntokens }) => ntokens),
  };
}

function batchOf({ batchSize, sourceLength, targetLength, ...batch }: TranslationBatch): object {
  const [sourceTokens, prevOutputTokens, target] = [batch.sourceTokens, batch.prevOutputTokens, batch.target];
  const arrays = { sourceTokens: [...sourceTokens], prevOutputTokens: [...prevOutputTokens], target: [...target] };
  return { batchSize, sourceLength, targetLength, ...arrays };
}

// No log event contains the batches, so intercept them on their way to the trainer.
const startUpdate = Trainer.prototype.startUpdate;
Trainer.prototype.startUpdate = function (this: Trainer, microBatches, epoch) {
  started.set(this.updates + 1, microBatches);
  return startUpdate.call(this, microBatches, epoch);
};

/** Writes a complete line to the parent process; a signal may interrupt a write. */
function send(report: object): void {
  const line = Buffer.from(`${JSON.stringify(report)}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(1, line, written);
}

log.attach((event) => {
  if (event.kind !== 'train_inner' || !isStatsEvent(event)) return;
  const seconds = (performance.now() - start) / 1000;
  const stats = new Map(event.fields.stats);
  const update = Number(stats.get('num_updates'));
  const batches = started.get(update)!;
  started.delete(update);
  const report = {
    update,
    seconds,
    loss: Number(stats.get('loss')),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    ...workOf(batches),
    ...(emitBatches ? { batch: batchOf(batches[0]!) } : {}),
  };
  send(report);
  if (readSync(0, Buffer.alloc(1)) === 0) process.exit(0);
  start = performance.now();
});

process.exitCode = await main(['train', ...process.argv.slice(emitBatches ? 3 : 2)]);
