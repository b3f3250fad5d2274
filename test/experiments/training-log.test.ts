import { describe, expect, it } from 'vitest';
import { parseTrainingLog } from '../../src/experiments/training-log.js';

const OURS = `
2026-11-30 10:52:29 | INFO | ts-fairseq | device cpu, oneDNN 2.6.3, threads 1, isa AVX-512 BF16
2026-11-30 10:52:30 | INFO | ts-fairseq | transformer: 2,331,648 parameters; criterion cross_entropy
2026-11-30 10:52:43 | INFO | train_inner | {"epoch": 1, "update": 0.5, "loss": "13.411", "num_updates": "20"}
2026-11-30 10:53:00 | INFO | valid | {"epoch": 1, "valid_loss": "9.282", "valid_nll_loss": "9.28", "valid_num_updates": "40"}
2026-11-30 10:53:00 | INFO | train | {"epoch": 1, "train_loss": "10.186", "train_gnorm": "1.091", "train_num_updates": "40"}
2026-11-30 10:53:43 | INFO | train_inner | {"epoch": 2, "update": 1.5, "loss": "8.0", "num_updates": "60"}`;

const SIMPLE = `
2026-11-30 10:52:29 | INFO | fairseq_cli.train | num. shared model params: 2,331,648 (num. trained: 2,331,648)
2026-11-30 10:52:43 | INFO | train_inner | epoch 001:     20 / 40 loss=13.411, nll_loss=13.3, ppl=10685.3, num_updates=20
2026-11-30 10:53:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 9.282 | nll_loss 9.28 | num_updates 40
2026-11-30 10:53:00 | INFO | train | epoch 001 | loss 10.186 | gnorm 1.091 | num_updates 40
2026-11-30 10:53:43 | INFO | train_inner | epoch 002:     20 / 40 loss=8.0, num_updates=60`;

describe('the log of a training', () => {
  it.each([
    ['in JSON', OURS],
    ["in fairseq's simple form", SIMPLE],
  ])('gives the metrics of every epoch: %s', (_, text) => {
    const { epochs, position, parameters } = parseTrainingLog(text.split('\n'));
    expect(epochs).toHaveLength(1);
    expect(epochs[0]).toMatchObject({
      epoch: 1,
      train: { loss: 10.186, gnorm: 1.091, num_updates: 40 },
      valid: { valid: { loss: 9.282, nll_loss: 9.28 } },
    });
    expect(position).toBe(1.5);
    expect(parameters).toBe(2_331_648);
  });

  it('takes the epochs that a resumed run repeats as they were the last time', () => {
    const resumed = `${OURS}\n${OURS.replaceAll('10.186', '10.2')}`;
    const { epochs } = parseTrainingLog(resumed.split('\n'));
    expect(epochs.map(({ train }) => train!.loss)).toEqual([10.2]);
  });

  it('skips lines that were cut short and text that is no metric', () => {
    const lines = [
      ...SIMPLE.split('\n'),
      '2026 | INFO | train | {"epoch": 2, "train_lo',
      'epoch 003 | loss nan | gnorm 2',
    ];
    const { epochs } = parseTrainingLog(lines);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 3]);
    expect(epochs[1]!.train).toEqual({ gnorm: 2 });
  });

  it.each([
    ['| train | {"epoch": null, "train_loss": "3"}'],
    ['| train | {"epoch": [], "train_loss": "3"}'],
    ['| train | {"epoch": 0, "train_loss": "3"}'],
    ['| train | {"epoch": 1.5, "train_loss": "3"}'],
    ['| train | {"train_loss": {"mean": 3}}'],
    ['| train_inner | epoch 001:     20 / 0 loss=13.411'],
    ['| train_inner | epoch 001:     20 / 40'],
    ['| train_inner | {"epoch": 1, "update": {}}'],
  ])('skips a line that no training writes: %s', (line) => {
    expect(parseTrainingLog([line])).toMatchObject({ epochs: [], position: 0 });
  });

  it('keeps the splits of a validation apart', () => {
    const line = "| epoch 001 | valid on 'valid1' subset | loss 8.1";
    expect(parseTrainingLog([...SIMPLE.split('\n'), line]).epochs[0]!.valid).toMatchObject({
      valid: { loss: 9.282 },
      valid1: { loss: 8.1 },
    });
  });
});
