/**
 * What programs replace in a text, and addresses: `{0}`, `{name}`, `${x}`, `{{x}}`, `%s`, `%1$d`, `%(name)s`, `<0>`, URLs and
 * e-mail addresses. The name of an address has at most 64 characters (RFC 5321), which also bounds the time of the search.
 */
const PLACEHOLDER =
  /\$?\{\{?[\w.]*\}?\}|%(?:\d+\$|\(\w+\))?[sdifgx@](?!\w)|<\/?\d+\/?>|\b(?:https?|ftp):\/\/[^\s<>"]*[^\s<>"'.,;:!?()[\]]|\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+/giu;

/** The placeholders of a text, in order. */
export const placeholdersOf = (text: string): string[] => text.match(PLACEHOLDER) ?? [];

/** A translation whose placeholders were compared with those of its source. */
export interface RestoredText {
  readonly text: string;
  /** Placeholders of the source that the translation lacks. */
  readonly lost: readonly string[];
}

/** Restores placeholders that tokenization has changed, e.g. `{ 0 }` for `{0}`, and lists those that are lost. */
export function restorePlaceholders(source: string, translation: string): RestoredText {
  let text = translation;
  const lost: string[] = [];
  for (const [placeholder, count] of countsOf(placeholdersOf(source))) {
    if (occurrences(text, placeholder) < count) text = text.replace(changedForms(placeholder), () => placeholder);
    for (let found = occurrences(text, placeholder); found < count; found++) lost.push(placeholder);
  }
  return { text, lost };
}

/** Restores phrases that tokenization has changed. A phrase at the beginning of a text may begin with a capital. */
export function restorePhrases(phrases: readonly string[], translation: string): string {
  return phrases.reduce((text, phrase) => {
    if (text.includes(phrase)) return text;
    return text.replace(changedForms(phrase), (form, position: number) =>
      position === 0 ? form[0]! + phrase.slice(form[0]!.length) : phrase,
    );
  }, translation);
}

function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

/** Matches a placeholder with spaces between its signs and words, in any case. */
function changedForms(placeholder: string): RegExp {
  const parts = placeholder
    .match(/[\p{L}\p{N}_]+|[^\p{L}\p{N}_]/gu)!
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/u, '\\$&'));
  return new RegExp(parts.join(' *'), 'giu');
}
