/** Marks in a GPU's stream, as the driver provides them. */
interface Events {
  recordEvent(): number;
  releaseEvent(args: { readonly event: number }): void;
  /** Milliseconds between two events. Waits for them. */
  elapsed(args: { readonly from: number; readonly to: number }): number;
}

/** Totals of the launches of one kernel while a profile was recorded. */
export interface KernelProfile {
  readonly name: string; // in its .cu file
  readonly calls: number;
  readonly milliseconds: number; // of all launches together, on the GPU
  /** Floating-point operations of its matrix products; 0 if its host side does not count them. */
  readonly flops: number;
}

/** What moved between host and GPU for one operation while a profile was recorded. */
export interface CopyProfile {
  /** The tfjs kernel that the host computed, or PROGRAM. */
  readonly name: string;
  readonly calls: number; // of the kernel; 0 for PROGRAM
  readonly bytesToHost: number;
  readonly bytesToDevice: number;
}

/** The name of copies that no borrowed kernel caused: inputs, losses, arenas. */
export const PROGRAM = 'the program';

interface Launched {
  readonly name: string;
  readonly flops: number;
  readonly from: number; // events
  readonly to: number;
}

type Changeable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Launches whose events are read when as many again have followed: by then the GPU has passed them. */
const LAUNCHES_AHEAD = 512;

/**
 * Records how a GPU spends its time. Every launch stands between two events, which are read later: nothing waits for the
 * GPU while it computes. The time between the events of a launch is that of the kernel, and of its start if the GPU had
 * been waiting for it.
 */
export class Recorder {
  readonly #driver: Events;
  readonly #kernels = new Map<string, Changeable<KernelProfile>>();
  readonly #copies = new Map<string, Changeable<CopyProfile>>();
  readonly #pending: Launched[] = [];
  #operation = PROGRAM;

  constructor(driver: Events) {
    this.#driver = driver;
  }

  /** Times the kernel that `launch` starts. */
  launched<T>(name: string, flops: number, launch: () => T): T {
    const from = this.#driver.recordEvent();
    const result = launch();
    this.#pending.push({ name, flops, from, to: this.#driver.recordEvent() });
    if (this.#pending.length === 2 * LAUNCHES_AHEAD) this.#settle(LAUNCHES_AHEAD);
    return result;
  }

  /** The operation that copies are counted for. */
  get operation(): string {
    return this.#operation;
  }

  /** Runs a kernel that the host computes; what it copies is counted for it. */
  borrowed<T>(kernelName: string, work: () => T): T {
    this.#copiesOf(kernelName).calls += 1;
    return this.during(kernelName, work);
  }

  /** Counts what `work` copies for an operation. */
  during<T>(operation: string, work: () => T): T {
    const outer = this.#operation;
    this.#operation = operation;
    try {
      return work();
    } finally {
      this.#operation = outer;
    }
  }

  copiedToHost(bytes: number): void {
    this.#copiesOf(this.#operation).bytesToHost += bytes;
  }

  copiedToDevice(bytes: number): void {
    this.#copiesOf(this.#operation).bytesToDevice += bytes;
  }

  /** Waits for the last launch. @returns the kernels, the slowest first, and the operations that copied, the largest first */
  end(): { readonly kernels: KernelProfile[]; readonly copies: CopyProfile[] } {
    this.#settle(this.#pending.length);
    const bytes = ({ bytesToHost, bytesToDevice }: CopyProfile): number => bytesToHost + bytesToDevice;
    return {
      kernels: [...this.#kernels.values()].sort((a, b) => b.milliseconds - a.milliseconds),
      copies: [...this.#copies.values()].filter((copy) => bytes(copy) > 0).sort((a, b) => bytes(b) - bytes(a)),
    };
  }

  /** Reads the events of the oldest launches. */
  #settle(count: number): void {
    for (const { name, flops, from, to } of this.#pending.splice(0, count)) {
      const total = this.#kernels.get(name) ?? { name, calls: 0, milliseconds: 0, flops: 0 };
      this.#kernels.set(name, total);
      total.calls += 1;
      total.milliseconds += this.#driver.elapsed({ from, to });
      total.flops += flops;
      for (const event of [from, to]) this.#driver.releaseEvent({ event });
    }
  }

  #copiesOf(name: string): Changeable<CopyProfile> {
    const known = this.#copies.get(name) ?? { name, calls: 0, bytesToHost: 0, bytesToDevice: 0 };
    this.#copies.set(name, known);
    return known;
  }
}
