import { existsSync } from 'node:fs';
import { InternalError } from '../errors.js';

/** The folder of the page's files: three folders above dist/src/server, or two above src/server. */
export function webFolder(): URL {
  const found = ['../../../web/', '../../web/']
    .map((path) => new URL(path, import.meta.url))
    .find((folder) => existsSync(new URL('index.html', folder)));
  if (found === undefined) throw new InternalError('the package lacks its folder web');
  return found;
}
