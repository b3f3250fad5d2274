import { isAvailable, supportsBfloat16 } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import { startBleuEvaluation } from '../../src/training/bleu-evaluation.js';
import { evaluationOptions } from '../../src/training/options.js';
import { Trainer } from '../../src/training/trainer.js';
import { validate } from '../../src/training/validation.js';
import { buildCriterion } from '../helpers/criterion.js';
import { buildTransformer, REFERENCE_OPTIONS, referenceModel, referenceTask } from '../helpers/reference-model.js';
import { goldenBatches, trainingWithoutEnd } from './toy-trainer.js';

const task = referenceTask();

/** Opens devices with other settings during a computation, until stopped. */
function openOthers(): { stop(): Promise<void> } {
  let stopped = false;
  const opening = (async () => {
    while (!stopped) {
      await openDevice('cpu', { threads: 2, bfloat16: supportsBfloat16() });
      await openDevice('wasm', { threads: null });
      await openDevice('cpu', { threads: 1, int8: true });
      await openDevice('cpu', { threads: 2, bfloat16: supportsBfloat16() });
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await opening;
    },
  };
}

/** The results of a computation without opening other devices, and while opening them continuously. */
async function aloneAndBeside<T>(start: () => Promise<() => Promise<T>>): Promise<[alone: T, beside: T]> {
  const alone = await (await start())();
  const compute = await start();
  const others = openOthers();
  try {
    await new Promise((resolve) => setImmediate(resolve));
    return [alone, await compute()];
  } finally {
    await others.stop();
  }
}

async function startTraining() {
  const { arenaKernels: kernels } = await openDevice('cpu', { threads: 1 });
  const model = buildTransformer(task, { ...REFERENCE_OPTIONS, dropout: 0.3 });
  const trainer = new Trainer(
    {
      model,
      criterion: buildCriterion('encouraging'),
      optimizer: adam.build(selectOptions(adam.options, {}), model.parameters, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
      kernels,
    },
    { seed: 1, clipNorm: 0.1, sentenceAvg: false, ignorePrefixSize: 0 },
  );
  const batches = goldenBatches(6, 400);
  return async () => {
    for (let update = 0; update < 3; update++) {
      await trainer.step(batches.slice(2 * update, 2 * update + 2), 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const values = model.parameters.values.slice();
    model.dispose();
    return values;
  };
}

async function startValidation() {
  await openDevice('cpu', { threads: 1 });
  const model = referenceModel(task, 'trained');
  const evalBleuArgs = '{"beam": 2}';
  const options = selectOptions(evaluationOptions, { evalBleu: true, evalBleuArgs });
  const parts = {
    task,
    model,
    criterion: buildCriterion('cross_entropy'),
    startBleu: startBleuEvaluation(task, model, options),
  };
  const data = task.loadSplit('valid');
  const { batches } = task.makeBatches(data, { maxTokens: 200, seed: 1 });
  return async () => {
    const losses: number[] = [];
    for (const ids of batches) {
      const limits = { sentenceAvg: false, ignorePrefixSize: 0, maxValidSteps: null };
      const { metrics } = await validate(parts, { data, batches: [ids] }, 1, limits);
      losses.push(metrics.loss!, metrics.nll_loss!, metrics.bleu!);
    }
    data.close();
    model.dispose();
    return losses;
  };
}

describe.runIf(isAvailable().available)('while devices with other settings are opened', () => {
  it('training has the same weights, bit for bit', async () => {
    const [alone, beside] = await aloneAndBeside(startTraining);
    // The arrays themselves would take minutes to print.
    const differing = beside.filter((value, index) => !Object.is(value, alone[index]));
    expect([differing.length, beside.length]).toEqual([0, alone.length]);
  });

  it('validation has the same losses and BLEU', async () => {
    const [alone, beside] = await aloneAndBeside(startValidation);
    expect(alone.length).toBeGreaterThan(6);
    expect(beside).toEqual(alone);
  });
});
