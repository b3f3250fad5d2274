import { deserialize, serialize } from 'node:v8';
import { sliceOf } from 'mpi-native';
import { UserError } from '../errors.js';
import { soleWorld, type World } from './world.js';

/** What a rank sends with every value that it exchanges. */
interface Message<T> {
  readonly value: T;
  /** Why this rank wants to stop, or null. */
  readonly stop: string | null;
}

/**
 * The processes that share the work of one command. A list of work items, e.g. the batches of an update, is divided so that
 * rank r gets the items r, r + size, …; results come back in the order of the items.
 */
export class Workers {
  #stop: string | null = null;
  #failure: unknown = null;
  #hasLeft = false;
  #reasonToStop: () => string | null = () => null;

  constructor(readonly world: World) {}

  get rank(): number {
    return this.world.rank;
  }

  get size(): number {
    return this.world.size;
  }

  /** Whether this is the process that logs, prints and writes files. */
  get isFirst(): boolean {
    return this.world.rank === 0;
  }

  /** `rank 1 of 4 (host)` */
  get name(): string {
    const { rank, size, hostName } = this.world;
    return `rank ${rank} of ${size} (${hostName})`;
  }

  /** The items that this rank works on. */
  shareOf<T>(items: readonly T[]): T[] {
    return items.filter((_, index) => index % this.size === this.rank);
  }

  /** The index among all items of this rank's item `at`. */
  indexOf(at: number): number {
    return this.rank + at * this.size;
  }

  /** The part of a vector that belongs to this rank, as a view. */
  sliceOf(values: Float32Array): Float32Array {
    const { from, to } = sliceOf(values.length, this.rank, this.size);
    return values.subarray(from, to);
  }

  /** Exchanges a value that structured clone can copy. @returns the values in rank order */
  async exchange<T>(value: T): Promise<T[]> {
    if (this.size === 1) return [value];
    const message: Message<T> = { value, stop: this.#reasonToStop() };
    const received = await this.world.allGather(serialize(message));
    const messages = received.map((bytes) => deserialize(bytes) as Message<T>);
    this.#stop ??= messages.find(({ stop }) => stop !== null)?.stop ?? null;
    return messages.map((one) => one.value);
  }

  /** Exchanges the results of this rank's items. @returns those of all items, in their order */
  async collect<T>(results: readonly T[]): Promise<T[]> {
    return interleave(await this.exchange(results));
  }

  /** Sets what is asked before each exchange: the reason why this rank wants to stop, or null. */
  stopWhen(reason: () => string | null): void {
    this.#reasonToStop = reason;
  }

  /** The reason to stop that all ranks know, or null. A process that runs alone need not exchange it. */
  get reasonToStop(): string | null {
    return this.size === 1 ? this.#reasonToStop() : this.#stop;
  }

  /**
   * Does work that may fail on some of the ranks, e.g. read a file. If it fails on one, it fails on all.
   * @throws UserError of the first rank that failed, on rank 0; the other ranks wait for the end that this brings
   */
  async together<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.size === 1) return work();
    const outcome = await outcomeOf(work);
    const failures = await this.exchange('error' in outcome ? { ...messageOf(outcome.error), rank: this.name } : null);
    const [first, ...others] = failures.filter((failure) => failure !== null);
    if (first === undefined) return (outcome as { readonly result: T }).result;
    const isSame = others.length === this.size - 1 && others.every(({ problem }) => problem === first.problem);
    const error = isSame ? (outcome as Failure).error : new UserError(`${first.rank}: ${first.problem}`, first.remedy);
    return this.#fail(error);
  }

  /**
   * Checks that all ranks have the same things.
   * @param things each with its name and a text that identifies it
   * @throws UserError that names the first thing that differs, and the ranks that have another one than most
   */
  async checkSame(things: readonly (readonly [name: string, identity: string])[]): Promise<void> {
    const ranks = await this.exchange({ rank: this.name, things });
    await this.alike(() => {
      const names = new Set(ranks.flatMap((rank) => rank.things.map(([name]) => name)));
      for (const name of names) {
        const identities = ranks.map((rank) => new Map(rank.things).get(name) ?? null);
        const usual = mostFrequent(identities);
        const others = ranks.filter((_, rank) => identities[rank] !== usual).map(({ rank }) => rank);
        if (others.length > 0) throw differs(name, others);
      }
    });
  }

  /** Does work that fails on all ranks if it fails on one. @throws its error, on rank 0; the other ranks wait for the end */
  async alike<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Whether all ranks failed with this error, so that its message need not name one. */
  isOfAll(error: unknown): boolean {
    return this.#failure === error;
  }

  /** Waits until all ranks have come, then leaves them. */
  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.world.describe('the end');
    await this.exchange(null);
    await this.world.finalize();
  }

  async #fail(error: unknown): Promise<never> {
    this.#failure = error;
    // Rank 0 ends the process with this error, and thereby all processes.
    if (!this.isFirst) await this.world.allGather(new Uint8Array());
    throw error;
  }
}

/** The worker of a process that runs alone. */
export const alone = (): Workers => new Workers(soleWorld);

interface Failure {
  readonly error: UserError;
}

/** Runs work and returns its result or its UserError. Any other error passes through. */
async function outcomeOf<T>(work: () => Promise<T> | T): Promise<{ readonly result: T } | Failure> {
  try {
    return { result: await work() };
  } catch (error) {
    if (error instanceof UserError) return { error };
    throw error;
  }
}

/** The value that occurs most often; of several, the first. */
function mostFrequent<T>(values: readonly T[]): T {
  const count = (value: T): number => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best));
}

const differs = (name: string, ranks: readonly string[]): UserError =>
  new UserError(
    `the ${name} of ${ranks.join(' and ')} differs from that of the other ranks`,
    'start all ranks with the same installation, command line and files',
  );

const messageOf = ({ problem, remedy }: UserError): { problem: string; remedy: string } => ({ problem, remedy });

/** Merges the lists of all ranks in the order of the items: the first item of each list, then the second ones, …. */
export function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) =>
    lists.flatMap((list) => (at < list.length ? [list[at]!] : [])),
  ).flat();
}
