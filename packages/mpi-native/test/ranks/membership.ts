import { joinWorld } from '../../src/index.js';

/** The parts of WebAssembly in use; Node's types lack it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { f(): number } };
};

/** The error that a call throws or its promise is rejected with. */
async function errorOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Reads beyond the end of its memory: V8 notices by the signal SIGSEGV, for which Open MPI has a handler too. */
function trap(): void {
  const program = 'AGFzbQEAAAABBQFgAAF/AwIBAAUDAQABBwUBAWYAAAoNAQsAQYCA/P8HKAIACw==';
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(program, 'base64')));
  exports.f();
}

// Prints what a process sees of its membership, in lines of JSON. Argument: maxMessageBytes.
const options = { heartbeatTimeout: 30, maxMessageBytes: Number(process.argv[2]) };
const world = joinWorld(options);
const { rank, size, localRank, localSize, hostName, library } = world;
console.log(JSON.stringify({ rank, size, localRank, localSize, hasName: hostName !== '', library }));
const errors = [
  await errorOf(() => joinWorld(options)),
  await errorOf(() => world.sumSlices(new Float64Array(1) as unknown as Float32Array)),
  await errorOf(() => world.abort(0)),
  await errorOf(trap),
];
await world.finalize();
await world.finalize();
errors.push(await errorOf(() => world.allGather(Uint8Array.of())));
console.log(JSON.stringify({ rank, errors }));
