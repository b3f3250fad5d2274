import { sliceOf } from './slices.js';
import type { World } from './world.js';

/** What a rank brings to a collective. */
interface Contribution {
  /** The name of the collective, with the length where all ranks must agree on it. */
  readonly operation: string;
  readonly values: Uint8Array | Float32Array | Float64Array;
}

/** What the last rank that calls a collective does for all. */
type Work = (all: readonly Contribution[]) => void;

/** A collective that some ranks have called. */
interface Meeting {
  readonly contributions: Contribution[]; // [rank]
  /** The number of ranks that have not called it yet. */
  missing: number;
  readonly settled: Promise<void>;
  resolve(): void;
  reject(reason: Error): void;
}

function openMeeting(size: number): Meeting {
  let [resolve, reject]: [() => void, (reason: Error) => void] = [() => {}, () => {}];
  const settled = new Promise<void>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { contributions: new Array(size), missing: size, settled, resolve, reject };
}

/** Where ranks of one process meet: the n-th collective of each rank belongs to the n-th meeting. */
class MeetingPlace {
  readonly #meetings = new Map<number, Meeting>();
  #ended: Error | null = null;

  constructor(readonly size: number) {}

  /** Waits until all ranks have called their collective `index`. @returns the contributions, in rank order */
  async meet(index: number, rank: number, own: Contribution, work: Work): Promise<readonly Contribution[]> {
    if (this.#ended !== null) throw this.#ended;
    const meeting = this.#meetings.get(index) ?? openMeeting(this.size);
    this.#meetings.set(index, meeting);
    meeting.contributions[rank] = own;
    meeting.missing--;
    if (meeting.missing === 0) {
      this.#meetings.delete(index);
      conclude(meeting, work);
    }
    await meeting.settled;
    return meeting.contributions;
  }

  /** Rejects every collective that waits, and all later ones. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const meeting of this.#meetings.values()) meeting.reject(this.#ended);
    this.#meetings.clear();
  }
}

function conclude(meeting: Meeting, work: Work): void {
  const all = meeting.contributions;
  const other = all.findIndex(({ operation }) => operation !== all[0]!.operation);
  if (other >= 0) {
    const [first, different] = [all[0]!.operation, all[other]!.operation];
    meeting.reject(new Error(`rank ${other} called ${different} where rank 0 called ${first}`));
    return;
  }
  work(all);
  meeting.resolve();
}

class LocalWorld implements World {
  readonly localRank: number;
  readonly localSize: number;
  readonly hostName = 'localhost';
  readonly library = 'one process';
  #calls = 0;
  #left = false;

  constructor(
    readonly rank: number,
    readonly size: number,
    readonly place: MeetingPlace,
  ) {
    this.localRank = rank;
    this.localSize = size;
  }

  async allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const copy = bytes.slice();
    const all = await this.#meet({ operation: 'allGather', values: copy }, () => {});
    return all.map(({ values }) => (values as Uint8Array).slice());
  }

  async sumSlices(values: Float32Array): Promise<void> {
    const operation = `sumSlices of ${values.length} values`;
    await this.#meet({ operation, values }, (all) => addSlices(all.map((one) => one.values as Float32Array)));
  }

  async gatherSlices(values: Float32Array): Promise<void> {
    const operation = `gatherSlices of ${values.length} values`;
    await this.#meet({ operation, values }, (all) => {
      for (const { values: receiver } of all) copySlices(all, receiver as Float32Array);
    });
  }

  async gatherSlicesAtRoot(values: Float32Array | Float64Array): Promise<void> {
    const operation = `gatherSlicesAtRoot of ${values.length} values of ${values.BYTES_PER_ELEMENT} bytes`;
    await this.#meet({ operation, values }, (all) => copySlices(all, all[0]!.values as Float32Array));
  }

  describe(): void {}

  abort(code: number): never {
    const reason = new Error(`rank ${this.rank} aborted with code ${code}`);
    this.place.end(reason);
    throw reason;
  }

  async finalize(): Promise<void> {
    if (this.#left) return;
    await this.#meet({ operation: 'finalize', values: new Uint8Array() }, () => {});
    this.#left = true;
  }

  async #meet(own: Contribution, work: Work): Promise<readonly Contribution[]> {
    if (this.#left) throw new Error('this rank has left MPI');
    return this.place.meet(this.#calls++, this.rank, own, work);
  }
}

/** Each rank's slice becomes the float32 sum over the ranks, added in rank order. */
function addSlices(all: readonly Float32Array[]): void {
  for (const [rank, values] of all.entries()) {
    const { from, to } = sliceOf(values.length, rank, all.length);
    const sum = all[0]!.slice(from, to);
    for (const addend of all.slice(1)) {
      for (let index = from; index < to; index++) sum[index - from]! += addend[index]!;
    }
    values.set(sum, from);
  }
}

function copySlices(all: readonly Contribution[], receiver: Float32Array | Float64Array): void {
  for (const [rank, { values }] of all.entries()) {
    const { from, to } = sliceOf(values.length, rank, all.length);
    receiver.set(values.subarray(from, to), from);
  }
}

/**
 * The worlds of `size` ranks in one process, without MPI, for tests: the promise of a collective settles when all ranks have called it,
 * and sums have the bits of the real ones. `abort` throws, and rejects what the other ranks wait for.
 */
export function localWorlds(size: number): World[] {
  const place = new MeetingPlace(size);
  return Array.from({ length: size }, (_, rank) => new LocalWorld(rank, size, place));
}
