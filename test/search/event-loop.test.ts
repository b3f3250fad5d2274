import { expect, it } from 'vitest';
import { EventLoop } from '../../src/search/event-loop.js';

it('a long computation lets the event loop run, a short one does not wait', async () => {
  const loop = new EventLoop();
  let heard = false;
  setImmediate(() => {
    heard = true;
  });
  await loop.turn();
  expect(heard).toBe(false);
  for (const start = performance.now(); performance.now() - start < 60; );
  await loop.turn();
  expect(heard).toBe(true);
});
