/** Elements that mark text within a sentence. Their tags are dropped if they do not enclose a whole text. */
const MARKS = new Set(
  'a abbr acronym b bdi bdo big cite del dfn em font i ins mark q s small span strike strong sub sup time tt u'.split(
    ' ',
  ),
);

/** Elements that stand for words within a sentence and are copied as a whole. */
const WORDS = new Set('code data kbd math output ruby samp var'.split(' '));

/** Elements within a sentence that are copied as a whole, and are no words. */
const OBJECTS = new Set(
  'audio canvas embed iframe img input map meter noembed object picture progress svg textarea video'.split(' '),
);

/** Elements between texts whose contents are copied. */
const VERBATIM_BLOCKS = new Set('listing noframes plaintext pre script style template xmp'.split(' '));

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** Whether an element has no end tag. */
export const isVoid = (name: string): boolean => VOID.has(name);

/**
 * What happens to a tag or a text: `translate` a text, drop the tag of a `mark`, copy it as a `word` or an `object` of a
 * sentence, or copy it as a `boundary` between texts.
 */
export type Treatment = 'translate' | 'mark' | 'word' | 'object' | 'boundary';

interface OpenElement {
  readonly name: string;
  readonly tag: Treatment;
  readonly text: Exclude<Treatment, 'mark'>;
}

/** The open elements at a place of a document. */
export class ElementScope {
  readonly #open: OpenElement[] = [];

  /** What happens to a text. */
  get text(): OpenElement['text'] {
    return this.#open.at(-1)?.text ?? 'translate';
  }

  /**
   * Start tags that lead a parser into the open elements that are copied, from the outermost on; empty outside of such
   * elements.
   */
  get copiedElements(): string {
    const first = this.#open.findIndex(({ text }) => text !== 'translate');
    const names = first < 0 ? [] : this.#open.slice(first).map(({ name }) => name);
    return names.map((name, index) => (index === 0 ? `<${name} translate="no">` : `<${name}>`)).join('');
  }

  /**
   * Opens an element.
   * @param name in lower case
   * @returns what happens to its start tag
   */
  enter(name: string, { translate }: Readonly<Record<string, string>>): Treatment {
    const element = { name, ...treatmentsOf(name, translate?.toLowerCase(), this.text) };
    this.#open.push(element);
    return element.tag;
  }

  /** Closes the innermost element of a name, and those in it. @returns what happens to its end tag; null if there is none */
  leave(name: string): Treatment | null {
    const position = this.#open.findLastIndex((element) => element.name === name);
    if (position < 0) return null;
    const { tag } = this.#open[position]!;
    this.#open.length = position;
    return tag;
  }
}

/** @param outside what happens to text around the element */
function treatmentsOf(
  name: string,
  translate: string | undefined,
  outside: OpenElement['text'],
): Pick<OpenElement, 'tag' | 'text'> {
  if (outside === 'word' || outside === 'object') return { tag: outside, text: outside };
  if (VERBATIM_BLOCKS.has(name)) return { tag: 'boundary', text: 'boundary' };
  if (OBJECTS.has(name)) return outside === 'boundary' ? COPIED : { tag: 'object', text: 'object' };
  const isInline = MARKS.has(name) || WORDS.has(name);
  if (!isInline) {
    if (translate === 'no') return COPIED;
    return { tag: 'boundary', text: translate === 'yes' || translate === '' ? 'translate' : outside };
  }
  if (outside === 'boundary') return COPIED;
  return translate === 'no' || WORDS.has(name) ? { tag: 'word', text: 'word' } : { tag: 'mark', text: 'translate' };
}

const COPIED = { tag: 'boundary', text: 'boundary' } as const;
