import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinWorld, type World } from '../../src/index.js';

/** What some ranks do after update 5. */
const FAULTS = {
  throw: () => {
    throw new Error('a fault of this rank');
  },
  abort: (world: World) => world.abort(9),
  exit: () => process.exit(0),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
  loop: () => {
    for (;;);
  },
  // While it exchanges data, most likely: it does nothing else.
  'stop later': () => spawn('sh', ['-c', `sleep 0.3; kill -STOP ${process.pid}`], { stdio: 'ignore' }).unref(),
  'slow down': () => sleep(700),
  'stop all for a while': () => {
    const all = processes.join(' ');
    spawnSync('sh', ['-c', `sleep 0.2; kill -STOP ${all}; sleep 3; kill -CONT ${all}`]);
  },
  'do not start': () => {}, // it is not reached
  'other length': (world: World) => world.sumSlices(new Float32Array(7)),
  'other collective': (world: World) => world.finalize(),
} as const;

export type Fault = keyof typeof FAULTS;

// Arguments: the fault, the ranks that have it, the timeout, updates, the length of the vector.
const [fault, ranks, timeout, updates, length] = process.argv.slice(2);
if (fault === 'do not start' && ranks!.split(',').includes(process.env.OMPI_COMM_WORLD_RANK!)) {
  process.kill(process.pid, 'SIGSTOP');
}
const world = joinWorld({ heartbeatTimeout: Number(timeout), maxMessageBytes: 65536 });
const own = new Uint8Array(Uint32Array.of(process.pid).buffer);
const processes = (await world.allGather(own)).map((bytes) => new Uint32Array(bytes.buffer)[0]!);
const values = new Float32Array(Number(length));
try {
  for (let update = 1; update <= Number(updates); update++) {
    world.describe(`update ${update}`);
    if (update === 6 && ranks!.split(',').includes(String(world.rank))) await FAULTS[fault as Fault](world);
    await world.sumSlices(values);
    await world.gatherSlices(values);
  }
} catch (error) {
  if (fault === 'throw') throw error;
  console.error(`rank ${world.rank}: ${(error as Error).message}`);
  await sleep(200); // for the other ranks to say theirs
  world.abort(3);
}
await world.finalize();
