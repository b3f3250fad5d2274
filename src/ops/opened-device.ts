import { InternalError } from '../errors.js';
import * as tf from '../tf/index.js';
import type { DeviceArenas } from './device-arenas.js';
import type { SearchEngine } from './search-engine.js';

/** A device with its settings. A model keeps its device, so other devices do not change the model's settings. */
export interface OpenedDevice {
  /** Native code for search; null if the device has none. */
  readonly searchEngine: SearchEngine | null;
  /** Where it keeps weights, gradients and an optimizer's state; null if it uses the host's arrays. */
  readonly arenas: DeviceArenas | null;
  /** The most bytes of its own memory that were in use at one time; null if it has none, or does not count them. */
  readonly peakBytes: (() => number) | null;
  /**
   * Makes the backend and settings of the device current. Call it before operations, and again after each `await`:
   * other code that runs in the meantime may make another device current.
   */
  makeCurrent(): void;
}

let current: { readonly backend: string; readonly device: OpenedDevice } | null = null;

/**
 * Creates a device and makes it current. Its backend must be registered or chosen.
 * @param useSettings applies the settings of the device to the backend
 * @param arenas where the device keeps weights; null: it uses the host's arrays
 * @param peakBytes the most bytes of its own memory that were in use
 * @param activate makes the backend current; default: it is registered
 */
export function openedDevice(
  backend: string,
  searchEngine: SearchEngine | null = null,
  useSettings: () => void = () => {},
  arenas: DeviceArenas | null = null,
  peakBytes: OpenedDevice['peakBytes'] = null,
  activate: () => void = () => void tf.setBackend(backend), // synchronous, because the backend is initialised
): OpenedDevice {
  const device: OpenedDevice = {
    searchEngine,
    arenas,
    peakBytes,
    makeCurrent() {
      useSettings();
      current = opened;
      if (tf.getBackend() === backend) return;
      activate();
      if (tf.getBackend() !== backend) throw new InternalError(`the backend ${backend} no longer exists`);
    },
  };
  const opened = { backend, device };
  device.makeCurrent();
  return device;
}

/** The device of models that are built now; null if no device is open for the current backend. */
export const currentDevice = (): OpenedDevice | null =>
  current !== null && current.backend === tf.getBackend() ? current.device : null;
