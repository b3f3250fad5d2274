import { InternalError } from '../errors.js';
import * as tf from '../tf/index.js';
import type { SearchEngine } from './search-engine.js';

/** A device as it was opened. What is built on it computes with its settings, whatever else is opened before or after. */
export interface OpenedDevice {
  /** Native code for search; null where the device has none. */
  readonly searchEngine: SearchEngine | null;
  /**
   * Makes its backend and its settings those of the operations that follow. To be called at the beginning of every stretch
   * of work without an `await`: whatever runs meanwhile may make another device current.
   */
  makeCurrent(): void;
}

let current: { readonly backend: string; readonly device: OpenedDevice } | null = null;

/**
 * A device whose backend is there, or chosen; it is the current one then.
 * @param useSettings makes its settings those of the backend
 */
export function openedDevice(
  backend: string,
  searchEngine: SearchEngine | null = null,
  useSettings: () => void = () => {},
): OpenedDevice {
  const device: OpenedDevice = {
    searchEngine,
    makeCurrent() {
      useSettings();
      current = opened;
      if (tf.getBackend() === backend) return;
      void tf.setBackend(backend); // at once, since the backend is there
      if (tf.getBackend() !== backend) throw new InternalError(`the backend ${backend} is not there any more`);
    },
  };
  const opened = { backend, device };
  device.makeCurrent();
  return device;
}

/** The device that a model which is built now belongs to; null where none was opened for the current backend. */
export const currentDevice = (): OpenedDevice | null =>
  current !== null && current.backend === tf.getBackend() ? current.device : null;
