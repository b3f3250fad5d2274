import { main } from '../../src/cli/main.js';

// `bin/ts-fairseq.js` over the sources, for tests that need a process of its own.
process.exitCode = await main(process.argv.slice(2));
