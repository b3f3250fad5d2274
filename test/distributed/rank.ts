import { spawn } from 'node:child_process';
import { main } from '../../src/cli/main.js';
import { log } from '../../src/log.js';

// `ts-fairseq …` as one rank of a job, in which the environment lets one rank fail or differ:
// TEST_SIGNAL="1 KILL 3 0.05" sends SIGKILL to rank 1 0.05 s after update 3, whatever it does then;
// TEST_REPLACE="1 a b" replaces the argument a by b on rank 1.

const { OMPI_COMM_WORLD_RANK: ownRank, TEST_SIGNAL, TEST_REPLACE } = process.env;
/** The words of a variable that follow the rank, if it is this one. */
const words = (variable = ''): string[] => {
  const [rank, ...rest] = variable.split(' ');
  return rank === ownRank ? rest : [];
};

const [signal, updates, seconds] = words(TEST_SIGNAL);
if (signal !== undefined) {
  let seen = 0;
  log.attach(({ kind }) => {
    if (kind !== 'train_inner' || ++seen !== Number(updates)) return;
    const command = `sleep ${seconds}; kill -${signal} ${process.pid}`;
    spawn('sh', ['-c', command], { stdio: 'ignore', detached: true }).unref();
  });
}
const [before, after] = words(TEST_REPLACE);
process.exitCode = await main(process.argv.slice(2).map((argument) => (argument === before ? after! : argument)));
