/** The folder of this package: the one above src/ or dist/. */
export const packageFolder = new URL('..', import.meta.url);
