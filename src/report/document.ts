import type { Figure } from './figure.js';

/** A report as blocks, before it becomes HTML or Markdown. */
export interface ReportDocument {
  readonly title: string;
  readonly blocks: readonly Block[];
}

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

export type Content = string | readonly Inline[];

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Cells in the order of the columns. The first cell names the row. */
  readonly rows: readonly (readonly Content[])[];
  /** Small print below the table. */
  readonly notes?: readonly Content[];
}

export interface Column {
  readonly title: string;
  readonly align: 'text' | 'number';
}

export const heading = (text: string, level: 2 | 3 = 2): Block => ({ kind: 'heading', level, text });

export const paragraph = (content: Content, role: ParagraphRole = 'text'): Block => ({
  kind: 'paragraph',
  role,
  content,
});

export const list = (items: readonly Content[]): Block => ({ kind: 'list', items });

export const tableBlock = (table: Table): Block => ({ kind: 'table', table });

export const figureBlock = (figure: Figure): Block => ({ kind: 'figure', figure });

export const examplesBlock = (title: string, examples: readonly Example[]): Block => ({
  kind: 'examples',
  title,
  examples,
});

export const strong = (text: string): Inline => ({ style: 'strong', text });
export const code = (text: string): Inline => ({ style: 'code', text });
export const mark = (text: string): Inline => ({ style: 'mark', text });

export const textColumn = (title: string): Column => ({ title, align: 'text' });
export const numberColumn = (title: string): Column => ({ title, align: 'number' });

/** The pieces of a line of text. */
export const inlines = (content: Content): readonly Inline[] => (typeof content === 'string' ? [content] : content);
