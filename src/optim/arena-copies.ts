import { InternalError } from '../errors.js';

/** A device's copy of an arena. */
export interface ArenaCopy {
  /** Whether the host's array is older. */
  isNewer: boolean;
}

/**
 * What devices with memory of their own share: the copies of arenas by the buffer of the host's array, so that a view of the
 * array finds them too.
 */
export abstract class ArenaCopies<Copy extends ArenaCopy> {
  protected readonly copies = new Map<ArrayBufferLike, Copy>();

  isNewer({ buffer }: Float32Array): boolean {
    return this.copies.get(buffer)?.isNewer ?? false;
  }

  async toHost(arenas: readonly Float32Array[]): Promise<void> {
    await Promise.all(
      arenas.map(async ({ buffer }) => {
        const copy = this.copies.get(buffer);
        if (!copy?.isNewer) return;
        await this.download(copy, new Float32Array(buffer));
        copy.isNewer = false;
      }),
    );
  }

  hostChanged(arenas: readonly Float32Array[]): void {
    if (arenas.some((arena) => this.isNewer(arena))) throw new InternalError('the host changes an outdated arena');
    for (const { buffer } of arenas) {
      const copy = this.copies.get(buffer);
      if (copy !== undefined) this.replace(copy, new Float32Array(buffer));
    }
  }

  release(arenas: readonly Float32Array[]): void {
    for (const { buffer } of arenas) {
      const copy = this.copies.get(buffer);
      if (copy === undefined) continue;
      this.dispose(copy);
      this.copies.delete(buffer);
    }
  }

  /** Copies an arena to the host. */
  protected abstract download(copy: Copy, host: Float32Array): Promise<void>;
  /** Makes a copy follow what the host has changed. */
  protected abstract replace(copy: Copy, host: Float32Array): void;
  /** Frees the memory of a copy. */
  protected abstract dispose(copy: Copy): void;
}
