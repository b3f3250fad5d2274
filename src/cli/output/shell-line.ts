/** Arguments as a shell reads them back. */
export const shellLine = (argv: readonly string[]): string => argv.map(quoted).join(' ');

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
