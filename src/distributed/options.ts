import { defineOptions } from '../options/schema.js';

const GROUP = 'Several processes (mpirun)';

/** Options of commands whose work several processes share. */
export const distributedOptions = defineOptions({
  heartbeatTimeout: {
    kind: 'int',
    default: 1800,
    metavar: 'SECONDS',
    group: GROUP,
    help: 'end all processes if one waits for another for longer than this; -1: never',
  },
});

/** Options of training with several processes. */
export const shardingOptions = defineOptions({
  zeroSharding: {
    kind: 'choice',
    choices: ['none', 'os'],
    default: 'none',
    group: GROUP,
    help: "os: each process keeps only its part of the optimizer's state",
  },
});
