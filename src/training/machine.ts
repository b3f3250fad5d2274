import type { Machine } from '../checkpoint/metadata.js';

/** What a checkpoint records of the device, from the device's description of itself. */
export function machineOf(description: Readonly<Record<string, string | number>>): Machine {
  const { device, threads, oneDNN } = description;
  return {
    device: String(device),
    threads: Number(threads ?? 1),
    oneDnn: oneDNN === undefined ? null : String(oneDNN),
  };
}
