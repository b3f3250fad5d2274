import type { Figure } from './figure.js';

/** A report as blocks, before it becomes HTML or Markdown. */
export interface ReportDocument {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A part of a report, independent of HTML and Markdown. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly role: ParagraphRole; readonly content: Content }
  | { readonly kind: 'list'; readonly items: readonly Content[] }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'figure'; readonly figure: Figure }
  | { readonly kind: 'examples'; readonly title: string; readonly examples: readonly Example[] };

/** Texts that belong together, each with its name. */
export interface Example {
  readonly title: string;
  readonly lines: readonly (readonly [name: string, text: Content])[];
}

/** `lead` is the sentence that says what was found, `warning` what a reader must know first, `note` small print. */
export type ParagraphRole = 'text' | 'lead' | 'warning' | 'note';

/** A piece of a line of text. */
export type Inline = string | { readonly style: InlineStyle; readonly text: string };

/** `mark` is for words that differ. */
export type InlineStyle = 'strong' | 'code' | 'mark';

/** A line of text, perhaps with styles. */
export type Content = string | readonly Inline[];

/** A table with its caption and notes. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Cells in the order of the columns. The first cell names the row. */
  readonly rows: readonly (readonly Content[])[];
  /** Small print below the table. */
  readonly notes?: readonly Content[];
}

/** The title and alignment of a column. */
export interface Column {
  readonly title: string;
  readonly align: 'text' | 'number';
}

/** A heading of level 2 or 3. */
export const heading = (text: string, level: 2 | 3 = 2): Block => ({ kind: 'heading', level, text });

/** A paragraph. */
export const paragraph = (content: Content, role: ParagraphRole = 'text'): Block => ({
  kind: 'paragraph',
  role,
  content,
});

/** A list with bullets. */
export const list = (items: readonly Content[]): Block => ({ kind: 'list', items });

/** A table as a block. */
export const tableBlock = (table: Table): Block => ({ kind: 'table', table });

/** A figure as a block. */
export const figureBlock = (figure: Figure): Block => ({ kind: 'figure', figure });

/** Examples of translations as a block. */
export const examplesBlock = (title: string, examples: readonly Example[]): Block => ({
  kind: 'examples',
  title,
  examples,
});

/** Strong text. */
export const strong = (text: string): Inline => ({ style: 'strong', text });
/** Text in a fixed-width font. */
export const code = (text: string): Inline => ({ style: 'code', text });
/** Marked text, e.g. words that differ. */
export const mark = (text: string): Inline => ({ style: 'mark', text });

/** A column of text. */
export const textColumn = (title: string): Column => ({ title, align: 'text' });
/** A column of numbers. */
export const numberColumn = (title: string): Column => ({ title, align: 'number' });

/** The pieces of a line of text. */
export const inlines = (content: Content): readonly Inline[] => (typeof content === 'string' ? [content] : content);
