import { afterEach, describe, expect, it } from 'vitest';
import * as tf from '../../src/tf/index.js';

afterEach(() => tf.ready());

describe('a backend that is chosen but not open yet', () => {
  it('is the current one by name', async () => {
    tf.chooseBackend('later', async () => tf.setBackend('cpu'));
    expect(tf.isReady()).toBe(false);
    expect(tf.getBackend()).toBe('later');
    await tf.ready();
    expect(tf.getBackend()).toBe('cpu');
  });

  it('refuses operations, which would run on another backend', async () => {
    tf.chooseBackend('later', async () => tf.setBackend('cpu'));
    expect(() => tf.add(1, 2)).toThrow('tf.add() before tf.ready(): the backend later is not open');
    await tf.ready();
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  });

  it('is opened once', async () => {
    let opened = 0;
    tf.chooseBackend('later', async () => {
      opened += 1;
    });
    await tf.ready();
    await tf.ready();
    expect(opened).toBe(1);
  });

  it('is replaced by a backend that is set', async () => {
    tf.chooseBackend('later', () => Promise.reject(new Error('opened')));
    await tf.setBackend('cpu');
    expect(tf.isReady()).toBe(true);
  });
});
