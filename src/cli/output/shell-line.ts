/** Arguments as a shell reads them back. */
export const shellLine = (argv: readonly string[]): string => argv.map(quoted).join(' ');

/** An argument, quoted if a shell would read it differently. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
