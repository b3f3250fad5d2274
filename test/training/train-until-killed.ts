import * as tf from '@tensorflow/tfjs';
import { log } from '../../src/log.js';
import { train } from '../../src/training/train.js';
import { toyRequest } from './toy-request.js';

/** Milliseconds that each update waits, so that a signal arrives in the middle of an epoch. */
const PAUSE = 20;

// A process of its own for the test that kills it: data folder and options come on the command line.
const [data, options] = process.argv.slice(2) as [string, string];
log.attach(({ kind }) => {
  if (kind !== 'progress') return;
  process.stdout.write('.');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
});
await tf.setBackend('cpu');
await train(toyRequest(data, JSON.parse(options)));
