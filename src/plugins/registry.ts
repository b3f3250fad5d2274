import { UserError } from '../errors.js';
import { didYouMean } from './did-you-mean.js';

interface Named {
  readonly name: string;
}

/** The plug-ins of one kind by name. Only a registry turns a name from the command line into a definition. */
export class Registry<T extends Named> {
  readonly #entries = new Map<string, T>();

  /** @param what the kind as messages and flags spell it: `criterion`, `arch` */
  constructor(
    readonly what: string,
    entries: Iterable<T> = [],
  ) {
    for (const entry of entries) this.register(entry);
  }

  /**
   * Adds a plug-in.
   * @param source the file that defines it, for the message
   * @throws UserError if the name is taken
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
   * Returns the plug-in that a checkpoint records.
   * @throws UserError if the name is unknown; the remedy is to add its --user-dir
   */
  getRecorded(name: string, checkpoint: string): T {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new UserError(
      `${checkpoint} was trained with the ${this.what} '${name}', which is unknown`,
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
