import type { UpdateReport } from './statistics.js';

/** An update whose report may arrive later, when the device has computed it. */
export interface StartedUpdate {
  /** Whether `report` need not wait. */
  readonly isReported: boolean;
  /**
   * Waits for the report, but for no later update. To be called once, and for the oldest update first.
   * @throws UserError if the loss or the gradient is not finite; the parameters are then as they were before this update
   */
  report(): Promise<UpdateReport>;
  /** Gives the report up. */
  discard(): void;
}

/**
 * The largest number of updates that are started and not yet reported. A few keep a GPU busy while the host collects
 * garbage or writes log lines. More would not make it faster, and a loss that is not finite would end training later.
 */
const MOST_UNREAD = 4;

/** Updates that are started and not yet reported, the oldest first. */
export class UnreadUpdates<Position> {
  readonly #unread: { readonly update: StartedUpdate; readonly position: Position }[] = [];

  /**
   * @param receive gets each report in the order of the updates
   * @param most the largest number of unread updates after `add`
   */
  constructor(
    readonly receive: (report: UpdateReport, position: Position) => void,
    readonly most = MOST_UNREAD,
  ) {}

  /** Adds an update, and receives reports that have arrived or are too many to wait for. */
  async add(update: StartedUpdate, position: Position): Promise<void> {
    this.#unread.push({ update, position });
    while (this.#unread.length > this.most || this.#unread[0]?.update.isReported) await this.#receiveOldest();
  }

  /** Waits for all reports and receives them. */
  async drain(): Promise<void> {
    while (this.#unread.length > 0) await this.#receiveOldest();
  }

  /** Gives up the reports that are not read. */
  discard(): void {
    for (const { update } of this.#unread.splice(0)) update.discard();
  }

  async #receiveOldest(): Promise<void> {
    const { update, position } = this.#unread.shift()!;
    this.receive(await update.report(), position);
  }
}
