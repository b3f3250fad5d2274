/** Variables that `mpirun` of Open MPI, `srun --mpi=pmix`, and `srun --mpi=pmi2` or MPICH's `mpirun` set for each process. */
const VARIABLES = ['OMPI_COMM_WORLD_SIZE', 'PMIX_RANK', 'PMI_RANK'];

/** Whether `mpirun`, or `srun --mpi=pmix`, started this process. Reads the environment only; loads no native code. */
export function isStartedByMpi(environment: NodeJS.ProcessEnv = process.env): boolean {
  return VARIABLES.some((name) => (environment[name] ?? '') !== '');
}

/** The number of processes that the launcher says it started, or null if it says nothing. */
export function announcedSize(environment: NodeJS.ProcessEnv): number | null {
  const size = Number(environment.OMPI_COMM_WORLD_SIZE ?? environment.PMI_SIZE ?? environment.SLURM_NTASKS ?? '');
  return Number.isSafeInteger(size) && size > 0 ? size : null;
}
