import type { DocumentDivider } from './prose.js';

/** The formats of documents. */
export const DOCUMENT_FORMATS = ['markdown', 'html'] as const;

/** A format of documents. */
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** The divider of a format. It is loaded on demand, because most translations are of plain text. */
export async function loadDivider(format: DocumentFormat): Promise<DocumentDivider> {
  if (format === 'html') return (await import('./html.js')).divideHtml;
  return (await import('./markdown.js')).divideMarkdown;
}
