import { isStartedByMpi, joinWorld } from 'mpi-native';
import { UserError } from '../errors.js';
import { alone, Workers } from './workers.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins the processes that mpirun started. A process that was started in another way works alone, and never loads MPI.
 * @param heartbeatTimeout the seconds that a process waits for the others in a collective; 0 or less: for ever
 * @throws UserError if MPI does not start, or srun started several processes without it
 */
export async function joinWorkers(heartbeatTimeout: number, environment: Environment = process.env): Promise<Workers> {
  if (!isStartedByMpi(environment)) {
    refuseSrun(environment);
    return alone();
  }
  try {
    return new Workers(joinWorld({ heartbeatTimeout }));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    throw new UserError(
      `mpirun started this process, but MPI does not work: ${reason}`,
      'install libopenmpi-dev and run bash scripts/setup.sh, or start ts-fairseq without mpirun',
      { cause: error },
    );
  }
}

/** Without MPI the tasks would be as many trainings of their own that write into one folder. */
function refuseSrun({ SLURM_STEP_NUM_TASKS: tasks }: Environment): void {
  if (tasks === undefined || Number(tasks) <= 1) return;
  throw new UserError(
    `srun started ${tasks} tasks, but not with MPI, so they would not work together`,
    'use srun --mpi=pmix, or mpirun in the batch script; for a single process use srun --ntasks=1',
  );
}
