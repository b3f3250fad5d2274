import { currentDevice } from '../ops/opened-device.js';

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/**
 * The most memory in use so far: that of this process, and that of the current device if it has memory of its own, e.g.
 * `peak resident memory 0.81 GiB, peak device memory 3.20 GiB`.
 */
export function peakMemory(): string {
  const host = `peak resident memory ${gibibytes(1024 * process.resourceUsage().maxRSS)}`; // maxRSS counts KiB
  const device = currentDevice()?.peakBytes?.();
  return device === undefined ? host : `${host}, peak device memory ${gibibytes(device)}`;
}
