import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Driver, listDevices } from '../src/driver.js';
import { double, float, int, Launcher, pointer } from '../src/launch.js';
import { emulatedDriver, Modules } from '../src/modules.js';
import { buildEmulation } from './helpers/emulated.js';

let driver: Driver;
let addresses: number[] = [];

beforeAll(() => {
  buildEmulation('softmax');
  driver = new Driver({ library: emulatedDriver(), ordinal: 0 });
});
afterEach(() => {
  for (const name of ['MEMORY', 'PAGEABLE']) delete process.env[`EMULATED_CUDA_${name}`];
  for (const address of addresses) driver.release({ address });
  addresses = [];
});

const allocate = (bytes: number): number => {
  const address = driver.allocate({ bytes });
  addresses.push(address);
  return address;
};
const download = (address: number, size: number): number[] => {
  const values = new Float32Array(size);
  driver.download({ address, values });
  return [...values];
};

describe('the driver', () => {
  test('describes the GPU, and lists it', () => {
    expect(driver.device).toEqual({
      ...{ name: 'emulated on the processor', major: 9, minor: 0, multiprocessors: 1 },
      ...{ totalMemory: 2 ** 33, sharedMemoryPerBlock: 227 * 1024, driverVersion: 12040 },
    });
    expect(listDevices(emulatedDriver())).toEqual([driver.device]);
    expect(driver.isEmulated).toBe(true);
  });

  test('moves values, copies and fills, in the order of the calls', () => {
    const [a, b] = [allocate(16), allocate(16)];
    const values = Float32Array.of(1, 2, 3, 4);
    driver.upload({ address: a, values });
    values.fill(9); // the upload has read them
    driver.copy({ to: b, from: a + 4, bytes: 12 });
    driver.fill({ address: a, word: 0x3f000000, count: 3 });
    expect(download(a, 4)).toEqual([0.5, 0.5, 0.5, 4]);
    expect(download(b, 4)).toEqual([2, 3, 4, Number.NaN]);
    driver.upload({ address: a, values: new Float32Array(0) });
    driver.download({ address: a, values: new Float32Array(0) });
  });

  test('an upload has read the values when it returns, also on a GPU that reads pageable memory itself', () => {
    Object.assign(process.env, { EMULATED_CUDA_PAGEABLE: '1', EMULATED_CUDA_DEVICES: '3' });
    const reading = new Driver({ library: emulatedDriver(), ordinal: 2 }); // not open yet: it is asked when it is opened
    delete process.env.EMULATED_CUDA_DEVICES;
    const address = reading.allocate({ bytes: 8 });
    const values = Float32Array.of(1, 2);
    reading.upload({ address, values });
    values.fill(9);
    const results = new Float32Array(2);
    reading.download({ address, values: results });
    expect([...results]).toEqual([1, 2]);
    reading.release({ address });
  });

  test('a download is done when the stream has passed it, and shows what was there', () => {
    const address = allocate(8);
    driver.upload({ address, values: Float32Array.of(1, 2) });
    const first = driver.downloadLater({ address, bytes: 8 });
    driver.fill({ address, word: 0, count: 2 });
    const second = driver.downloadLater({ address, bytes: 4 });
    expect(driver.isDownloaded({ download: first })).toBe(false);
    expect(driver.isDownloaded({ download: first })).toBe(true);
    const values = new Float32Array(2);
    driver.readDownload({ download: first, values });
    expect([...values]).toEqual([1, 2]);
    expect(driver.isDownloaded({ download: second })).toBe(false); // the first one has not waited for it
    for (const download of [first, second]) driver.releaseDownload({ download });
  });

  test('reading a download waits for it', () => {
    const address = allocate(4);
    driver.upload({ address, values: Float32Array.of(5) });
    const download = driver.downloadLater({ address, bytes: 4 });
    const behind = driver.recordEvent();
    const values = new Float32Array(1);
    driver.readDownload({ download, values });
    expect(values[0]).toBe(5);
    expect(driver.isDone({ event: behind })).toBe(false);
    driver.releaseEvent({ event: behind });
    driver.releaseDownload({ download });
  });

  test('a download that is released early is used again, and the next one is not done with it', () => {
    const address = allocate(4);
    const abandoned = driver.downloadLater({ address, bytes: 4 });
    driver.releaseDownload({ download: abandoned });
    driver.upload({ address, values: Float32Array.of(6) });
    const next = driver.downloadLater({ address, bytes: 4 });
    expect(next).toBe(abandoned);
    const values = new Float32Array(1);
    driver.readDownload({ download: next, values });
    expect(values[0]).toBe(6);
    driver.releaseDownload({ download: next });
    const large = driver.downloadLater({ address: allocate(100_000), bytes: 100_000 });
    expect(large).not.toBe(abandoned);
    driver.releaseDownload({ download: large });
  });

  test('fresh memory is full of NaN, and memory that is released can be had again', () => {
    const { free } = driver.memoryInfo();
    expect(download(allocate(8), 2)).toEqual([Number.NaN, Number.NaN]);
    expect(driver.memoryInfo().free).toBe(free - 8);
    driver.release({ address: addresses.pop()! });
    expect(driver.memoryInfo().free).toBe(free);
  });

  test('returns address 0 when the memory does not suffice', () => {
    process.env.EMULATED_CUDA_MEMORY = '1000';
    expect(driver.allocate({ bytes: 1001 })).toBe(0);
    const address = driver.allocate({ bytes: 1000 });
    expect(address).toBeGreaterThan(0);
    expect(driver.memoryInfo()).toEqual({ free: 0, total: 1000 });
    driver.release({ address });
  });

  test('events are passed in order, and a released one no longer exists', () => {
    const from = driver.recordEvent();
    driver.fill({ address: allocate(4), word: 0, count: 1 });
    const to = driver.recordEvent();
    expect(driver.isDone({ event: to })).toBe(false);
    expect(driver.isDone({ event: to })).toBe(true);
    expect(driver.elapsed({ from, to })).toBeGreaterThanOrEqual(0);
    for (const event of [from, to]) driver.releaseEvent({ event });
    expect(() => driver.isDone({ event: to })).toThrow('isDone: there is no event');
    expect(driver.recordEvent()).toBe(to); // used again
    driver.releaseEvent({ event: to });
  });

  test.each<[string, () => unknown, string]>([
    [
      'a GPU that does not exist',
      () => new Driver({ library: emulatedDriver(), ordinal: 1 }),
      'open: there is no GPU 1: the driver finds 1',
    ],
    ['another library', () => listDevices('libnothing.so'), 'listDevices: libnothing.so: cannot open shared object'],
    ['an address that was not allocated', () => driver.release({ address: 4096 }), 'release: address is not that of'],
    [
      'an upload behind the end',
      () => driver.upload({ address: allocate(8), values: new Float32Array(3) }),
      'upload: address: 12 bytes from there are not in allocated memory',
    ],
    [
      'a download behind the end',
      () => driver.download({ address: allocate(8) + 4, values: new Float32Array(2) }),
      'download: address: 8 bytes',
    ],
    ['a copy from elsewhere', () => driver.copy({ to: allocate(8), from: 64, bytes: 8 }), 'copy: from: 8 bytes'],
    [
      'a fill behind the end',
      () => driver.fill({ address: allocate(8), word: 0, count: 3 }),
      'fill: address: 12 bytes',
    ],
    [
      'no bytes',
      () => driver.allocate({ bytes: 0 }),
      'allocate: bytes must be a whole number from 1 to 9007199254740991, not 0',
    ],
    [
      'a later download behind the end',
      () => driver.downloadLater({ address: allocate(8), bytes: 12 }),
      'downloadLater: address: 12 bytes',
    ],
    [
      'to read a download twice',
      () => {
        const download = driver.downloadLater({ address: allocate(8), bytes: 8 });
        driver.releaseDownload({ download });
        driver.readDownload({ download, values: new Float32Array(2) });
      },
      'readDownload: there is no download',
    ],
    [
      'values of another size than the download',
      () => {
        const download = driver.downloadLater({ address: allocate(8), bytes: 8 });
        try {
          driver.readDownload({ download, values: new Float32Array(1) });
        } finally {
          driver.releaseDownload({ download });
        }
      },
      'readDownload: values has 4 bytes; the download has 8',
    ],
    ['half a byte', () => driver.allocate({ bytes: 1.5 }), 'bytes must be a whole number'],
    [
      'values that are no array',
      () => driver.upload({ address: 0, values: [1] as unknown as Float32Array }),
      'upload: values must be a typed array',
    ],
    [
      'a module that does not exist',
      () => driver.findFunction({ module: 99, name: 'x', dynamicShared: 0 }),
      'findFunction: there is no module 99',
    ],
    [
      'a kernel that does not exist',
      () => new Modules(driver).kernel('softmax', 'nothing'),
      'findFunction: cuModuleGetFunction: CUDA_ERROR_NOT_FOUND',
    ],
    [
      'an image that is none',
      () => driver.loadModule({ image: Uint8Array.of(47) }),
      'loadModule: cuModuleLoadDataEx: CUDA_ERROR_NO_BINARY_FOR_GPU',
    ],
    [
      'a file that is not compiled',
      () => new Modules(driver).kernel('nothing', 'nothing'),
      'the emulated kernel nothing is not compiled: node ',
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('an error of the driver has its name as its code', () => {
    let code: unknown;
    try {
      new Modules(driver).kernel('softmax', 'nothing');
    } catch (error) {
      code = (error as { code?: unknown }).code;
    }
    expect(code).toBe('CUDA_ERROR_NOT_FOUND');
  });

  test('each worker thread has a stream and memory of its own, which end with it', async () => {
    const { free } = driver.memoryInfo();
    const addon = createRequire(import.meta.url).resolve('../build/Release/cuda.node');
    const source = `
      const addon = require(${JSON.stringify(addon)});
      const gpu = addon.open(${JSON.stringify(emulatedDriver())}, 0);
      const address = gpu.allocate(1000);
      gpu.upload(address, Float32Array.of(7));
      const values = new Float32Array(1);
      gpu.download(address, values);
      require('node:worker_threads').parentPort.postMessage(values[0]);`;
    const worker = new Worker(source, { eval: true });
    const message = new Promise((resolve) => worker.once('message', resolve));
    const exit = new Promise((resolve) => worker.once('exit', resolve));
    expect(await message).toBe(7);
    await exit;
    expect(driver.memoryInfo().free).toBe(free);
  });
});

describe('two GPUs of a thread', () => {
  let gpus: readonly Driver[];
  beforeAll(() => {
    process.env.EMULATED_CUDA_DEVICES = '2';
    gpus = [driver, new Driver({ library: emulatedDriver(), ordinal: 1 })];
  });
  afterAll(() => void delete process.env.EMULATED_CUDA_DEVICES);

  test('compute in turns, each with its own memory, modules and events', () => {
    const free = gpus.map((gpu) => gpu.memoryInfo().free);
    const runs = gpus.map((gpu, i) => {
      const [x, y] = [gpu.allocate({ bytes: 16 }), gpu.allocate({ bytes: 16 })];
      gpu.upload({ address: x, values: new Float32Array(4).fill(i) });
      return { gpu, x, y, start: gpu.recordEvent() };
    });
    for (const { gpu, x, y } of runs) {
      const kernel = new Modules(gpu).kernel('softmax', 'softmax_rows');
      new Launcher(gpu).launch(kernel, { grid: 1, block: 32 }, [pointer(x), pointer(y), int(4)]);
    }
    for (const { gpu, x, y, start } of runs) {
      const values = new Float32Array(4);
      gpu.download({ address: y, values });
      expect([...values]).toEqual([0.25, 0.25, 0.25, 0.25]);
      expect(gpu.isDone({ event: start })).toBe(true);
      gpu.releaseEvent({ event: start });
      expect(free[gpus.indexOf(gpu)]! - gpu.memoryInfo().free).toBe(32);
      for (const address of [x, y]) gpu.release({ address });
    }
  });

  test('opened again are the same', () => {
    const again = new Driver({ library: emulatedDriver(), ordinal: 1 });
    const address = gpus[1]!.allocate({ bytes: 4 });
    again.fill({ address, word: 3, count: 1 });
    again.release({ address });
  });

  test.each<[string, (address: number) => void]>([
    ['upload', (address) => driver.upload({ address, values: Float32Array.of(1) })],
    ['download', (address) => driver.download({ address, values: new Float32Array(1) })],
    ['copy', (address) => driver.copy({ to: allocate(4), from: address, bytes: 4 })],
    ['release', (address) => driver.release({ address })],
  ])('refuse an address of the other: %s', (_, call) => {
    const address = gpus[1]!.allocate({ bytes: 4 });
    expect(() => call(address)).toThrow(/not in allocated memory|not that of allocated memory/);
    gpus[1]!.release({ address });
  });
});

describe('the launcher', () => {
  const kernel = () => new Modules(driver).kernel('softmax', 'softmax_rows');
  const parameters = [pointer(0), pointer(0), int(4)];

  test.each<[string, () => void, string]>([
    [
      'too few parameters',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: 32 }, []),
      'softmax_rows: takes 3 parameters, not 0',
    ],
    [
      'too many threads',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: [512, 3, 1] }, parameters),
      'softmax_rows: a block of 1536 threads; it allows 1024',
    ],
    [
      'no blocks',
      () => new Launcher(driver).launch(kernel(), { grid: 0, block: 32 }, parameters),
      'launch: grid[0] must be a whole number from 1 to',
    ],
    [
      'more shared memory than announced',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: 32, dynamicShared: 8 }, parameters),
      'softmax_rows: 8 bytes of dynamic shared memory; findFunction announced 0',
    ],
    [
      'an integer out of range',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: 32 }, [pointer(0), pointer(0), int(2 ** 32)]),
      'softmax_rows: parameter 2 must be a whole number from -2147483648 to 4294967295, not 4294967296',
    ],
    [
      'a negative pointer',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: 32 }, [pointer(-1)]),
      'softmax_rows: parameter 0 must be a whole number from 0',
    ],
    [
      'a missing number',
      () => new Launcher(driver).launch(kernel(), { grid: 1, block: 32 }, [int(Number.NaN)]),
      'softmax_rows: parameter 0 must be a whole number',
    ],
  ])('refuses %s', (_, launch, message) => {
    expect(launch).toThrow(message);
  });

  test('the largest amount of shared memory that was announced for a kernel stays allowed', () => {
    buildEmulation('../test/emulation/faults');
    const modules = new Modules(driver);
    const large = modules.kernel('faults', 'stale_shared', 100_000);
    modules.kernel('faults', 'stale_shared', 256);
    new Launcher(driver).launch(large, { grid: 1, block: 32, dynamicShared: 100_000 }, [pointer(allocate(256))]);
    driver.synchronize();
    const tooMuch = (): unknown => modules.kernel('faults', 'stale_shared', 300_000);
    expect(tooMuch).toThrow('findFunction: cuFuncSetAttribute: CUDA_ERROR_INVALID_VALUE');
  });

  test('packs all kinds of parameters', () => {
    buildEmulation('../test/emulation/faults');
    const [y, size] = [allocate(32), 8];
    const echo = new Modules(driver).kernel('faults', 'echo');
    const values = [pointer(2 ** 40 + 5), int(-7), int(2 ** 32 - 7), float(0.1), double(0.1)];
    new Launcher(driver).launch(echo, { grid: 1, block: 1 }, [pointer(y), ...values]);
    const words = new Int32Array(size);
    driver.download({ address: y, values: words });
    expect([...words.subarray(0, 4)]).toEqual([5, 256, -7, -7]);
    expect(new Float32Array(words.buffer)[4]).toBe(Math.fround(0.1));
    expect(new Float64Array(words.buffer)[3]).toBe(0.1);
  });
});
