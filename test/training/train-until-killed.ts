import * as tf from '@tensorflow/tfjs';
import { log } from '../../src/log.js';
import { train } from '../../src/training/train.js';
import { toyRequest } from './toy-request.js';

/** The delay of each update in milliseconds, so that a signal arrives within an epoch. */
const PAUSE = 20;

// The process that sigkill.test.ts kills. Its arguments are the data folder and the options.
const [data, options] = process.argv.slice(2) as [string, string];
log.attach(({ kind }) => {
  if (kind !== 'progress') return;
  process.stdout.write('.');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
});
await tf.setBackend('cpu');
await train(toyRequest(data, JSON.parse(options)));
