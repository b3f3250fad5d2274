import { readlinkSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const DESCRIPTOR = new RegExp(`^/(?:dev|proc/(?:self|thread-self|${process.pid}))/fd/(\\d+)$`);
/** The maximum number of consecutive symbolic links that Linux follows. */
const MAX_LINKS = 40;

/** The descriptor of this process that a path names, directly or by links (`/dev/stdout`, `/dev/fd/3`), or null. */
export function descriptorOf(path: string): number | null {
  let at = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const match = DESCRIPTOR.exec(at);
    if (match !== null) return Number(match[1]);
    try {
      at = resolve(dirname(at), readlinkSync(at));
    } catch {
      return null;
    }
  }
  return null;
}

/** Whether a path exists and is neither a file nor a folder. */
export function isDeviceOrPipe(path: string): boolean {
  try {
    const status = statSync(path);
    return !status.isFile() && !status.isDirectory();
  } catch {
    return false;
  }
}
