import { UserError } from '../errors.js';
import { didYouMean } from './did-you-mean.js';

interface Named {
  readonly name: string;
}

/** The table of one kind of plug-in; the only place where a name given as text becomes a definition. */
export class Registry<T extends Named> {
  readonly #entries = new Map<string, T>();

  /** @param what the kind as it reads in a message and a flag: `criterion`, `arch` */
  constructor(
    readonly what: string,
    entries: Iterable<T> = [],
  ) {
    for (const entry of entries) this.register(entry);
  }

  /**
   * @param source where the plug-in is defined, for the message
   * @throws UserError when the name is taken
   */
  register(entry: T, source?: string): void {
    if (this.#entries.has(entry.name)) {
      const where = source === undefined ? '' : `${source}: `;
      throw new UserError(
        `${where}the ${this.what} '${entry.name}' is defined twice`,
        'rename the one in your --user-dir',
      );
    }
    this.#entries.set(entry.name, entry);
  }

  /**
   * The plug-in that a checkpoint names.
   * @throws UserError that asks for where it came from
   */
  getRecorded(name: string, checkpoint: string): T {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new UserError(
      `${checkpoint} was trained with the ${this.what} '${name}', which is not known here`,
      'add the --user-dir that defines it',
    );
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  values(): T[] {
    return [...this.#entries.values()];
  }

  /** @throws UserError that suggests the nearest name */
  get(name: string): T {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new UserError(`unknown ${this.what} '${name}'`, didYouMean(name, this.names()));
    }
    return entry;
  }
}
