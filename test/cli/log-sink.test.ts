import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startLog } from '../../src/cli/output/log-sink.js';
import { speedLine } from '../../src/inference/translate-split.js';
import { log } from '../../src/log.js';
import { logProgress, logStats } from '../../src/training/events.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();

afterEach(() => vi.restoreAllMocks());

type LogOptions = Parameters<typeof startLog>[0];

/** What stderr gets of a short training. Times are cut off. */
function stderrOf(options: LogOptions, { isTerminal = false } = {}): string {
  const before = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: isTerminal, configurable: true });
  let written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  const stopLog = startLog(options);
  try {
    log.message('begin training epoch 3');
    logStats('train_inner', { tag: 'train_inner', epoch: 3, position: 5, total: 356, stats: [['loss', '9.44']] });
    logProgress('epoch 003', 5, 356, [['loss', '9.44']]);
    const stats = [['loss', '9.393'] as const, ['bsz', '32.5'] as const];
    logStats('valid', { tag: 'valid', epoch: 3, subset: 'valid', stats });
    log.warning('2 sentences are skipped');
  } finally {
    stopLog();
    if (before === undefined) Reflect.deleteProperty(process.stderr, 'isTTY');
    else Object.defineProperty(process.stderr, 'isTTY', before);
  }
  return withoutTimes(written);
}

const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| /g, '');

const MESSAGE = 'INFO | ts-fairseq | begin training epoch 3\n';
const WARNING = 'WARNING | ts-fairseq | 2 sentences are skipped\n';
const SIMPLE = `${MESSAGE}INFO | train_inner | epoch 003:      5 / 356 loss=9.44
INFO | valid | epoch 003 | valid on 'valid' subset | loss 9.393 | bsz 32.5
${WARNING}`;
const JSON_LINES = `${MESSAGE}INFO | train_inner | {"epoch": 3, "update": 2.014, "loss": "9.44"}
INFO | valid | {"epoch": 3, "valid_loss": "9.393", "valid_bsz": "32.5"}
${WARNING}`;

describe('the log on stderr', () => {
  it.each<[string, LogOptions, string]>([
    ['without options', {}, SIMPLE],
    ['--log-format simple', { logFormat: 'simple' }, SIMPLE],
    ['--log-format json', { logFormat: 'json' }, JSON_LINES],
    ['--log-format none', { logFormat: 'none' }, MESSAGE + WARNING],
    ['--log-format tqdm', { logFormat: 'tqdm' }, SIMPLE],
  ])('has the lines of %s where stderr is no terminal', (_, options, lines) => {
    expect(stderrOf(options)).toBe(lines);
  });

  it.each<[string, LogOptions]>([
    ['without options', {}],
    ['--log-format tqdm', { logFormat: 'tqdm' }],
  ])('has a bar in place of the lines within an epoch on a terminal, %s', (_, options) => {
    const written = stderrOf(options, { isTerminal: true });
    expect(written).toContain('epoch 003');
    expect(written).toContain('5/356');
    expect(written).toContain('left');
    expect(written).not.toContain('train_inner');
    expect(written).toContain("INFO | valid | epoch 003 | valid on 'valid' subset | loss 9.393 | bsz 32.5\n");
  });

  it.each<[string, LogOptions, string]>([
    ['--no-progress-bar', { noProgressBar: true }, SIMPLE],
    ['--log-format json', { logFormat: 'json' }, JSON_LINES],
    ['--log-format none', { logFormat: 'none' }, MESSAGE + WARNING],
  ])('has no bar on a terminal with %s', (_, options, lines) => {
    expect(stderrOf(options, { isTerminal: true })).toBe(lines);
  });
});

describe('--log-file', () => {
  it('gets the lines too, after what it holds, and never the bar', () => {
    const logFile = join(folder, 'log');
    writeFileSync(logFile, 'earlier\n');
    stderrOf({ logFile, logFormat: 'json' });
    stderrOf({ logFile }, { isTerminal: true });
    const [simple] = SIMPLE.match(/INFO \| valid.*\n/)!;
    expect(withoutTimes(readFileSync(logFile, 'utf8'))).toBe(`earlier\n${JSON_LINES}${MESSAGE}${simple}${WARNING}`);
  });

  it('has local times as Python writes them', () => {
    const logFile = join(folder, 'times');
    stderrOf({ logFile });
    for (const line of readFileSync(logFile, 'utf8').trimEnd().split('\n')) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| (INFO|WARNING) \| /);
    }
  });
});

describe('the last line of generate', () => {
  it("is fairseq's", () => {
    const line = 'Translated 1,000 sentences (16,000 tokens) in 36.8s (27.21 sentences/s, 435.37 tokens/s)';
    expect(speedLine(1000, 16_000, 36.75)).toBe(line);
  });
});

it('names --log-file when its disk is full', () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const stopLog = startLog({ logFile: '/dev/full' });
  expect(() => log.message('begin training')).toThrow('--log-file /dev/full cannot be written (the disk is full)');
  stopLog();
});
