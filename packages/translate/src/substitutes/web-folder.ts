import type * as Original from '../../../../src/server/web-folder.js';

/** The folder of the page's files, seen from the folder of the bundle. */
export const webFolder: (typeof Original)['webFolder'] = () => new URL('./web/', import.meta.url);
