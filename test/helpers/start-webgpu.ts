import { start } from '../../src/devices/webgpu.js';

// Ends with code 0 where a GPU can be opened, else with the reason on stderr and code 1.
await start().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
