import { joinWorld } from '../../src/index.js';
import { playScenario } from './scenario.js';

// Prints what this rank sees of the scenario, in lines of JSON: mpirun may break a line of more than 2 KiB.
// Arguments: maxMessageBytes, lengths.
const [maxMessageBytes, lengths] = process.argv.slice(2);
const options = maxMessageBytes === 'default' ? {} : { maxMessageBytes: Number(maxMessageBytes) };
const world = joinWorld({ heartbeatTimeout: 30, ...options });
const seen = await playScenario(world, JSON.parse(lengths!) as number[]);
for (const one of seen) console.log(JSON.stringify({ rank: world.rank, ...one }));
await world.finalize();
