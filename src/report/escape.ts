/** Characters that XML and HTML do not allow, not even as references. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML and SVG, also inside of quoted attributes. */
export const escapeHtml = (text: string): string =>
  withoutForbidden(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);

/** Replaces characters that HTML and XML forbid. */
export const withoutForbidden = (text: string): string => text.replace(FORBIDDEN, '\ufffd');

/** Text for a line or a table cell of Markdown as GitHub reads it. */
export const escapeMarkdown = (text: string): string =>
  withoutForbidden(text)
    .replace(/[\\`*_{}[\]<>#|~&$]/g, '\\$&')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^(\s*)([-+]|\d+[.)])(?=\s)/, '$1\\$2');

/** A code span of Markdown; more backquotes around it than in it. */
export function markdownCode(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const padding = longest > 0 ? ' ' : '';
  return `${fence}${padding}${withoutForbidden(text).replace(/\n/g, ' ').replaceAll('|', '\\|')}${padding}${fence}`;
}
