import { writeSync } from 'node:fs';

/** The resources that a process used in total; a process with `--import` of this module writes them to file descriptor 3. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly peakBytes: number; // resident
}

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const metrics: ProcessFigures = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
  writeSync(3, JSON.stringify(metrics));
});
