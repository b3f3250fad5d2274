import { expect, test } from 'vitest';
import { isStartedByMpi } from '../src/environment.js';

test.each([
  { environment: {}, started: false },
  { environment: { SLURM_PROCID: '1', SLURM_NTASKS: '2' }, started: false }, // srun without MPI
  { environment: { OMPI_COMM_WORLD_SIZE: '' }, started: false },
  { environment: { OMPI_COMM_WORLD_SIZE: '1' }, started: true },
  { environment: { PMIX_RANK: '0' }, started: true },
  { environment: { PMI_RANK: '0' }, started: true },
])('a process with $environment was started by MPI: $started', ({ environment, started }) => {
  expect(isStartedByMpi(environment)).toBe(started);
});
