import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of Debian's Chromium; undefined if it is not installed. */
export const chromiumPath = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find(existsSync);
