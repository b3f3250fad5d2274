import { main } from '../../src/cli/main.js';
import { log } from '../../src/log.js';

/** The report of a command of ts-fairseq that ran in a separate process. */
export interface CommandReport {
  readonly seconds: number; // of the command, without the start of Node
  readonly peakBytes: number; // resident
  readonly messages: readonly string[];
}

// Runs `ts-fairseq` with the arguments of this process and sends its report to the parent.
const messages: string[] = [];
log.attach(({ kind, fields }) => {
  if (kind === 'message') messages.push(String(fields.message));
});
const start = performance.now();
process.exitCode = await main(process.argv.slice(2));
const report: CommandReport = {
  seconds: (performance.now() - start) / 1000,
  peakBytes: process.resourceUsage().maxRSS * 1024,
  messages,
};
process.send!(report);
process.disconnect();
