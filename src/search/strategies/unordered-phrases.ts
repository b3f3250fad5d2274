import type { PhraseProgress } from './phrase-progress.js';
import type { SentencePhrases } from './strategy.js';

/** Nothing is held yet; `--constraints unordered` (Hu et al. 2019). */
export function unorderedPhrases(phrases: SentencePhrases): PhraseProgress {
  const root = new TrieNode(null);
  for (const phrase of phrases) root.add(phrase);
  return new UnorderedProgress(root, root, new Map(), new Map());
}

/** A token of phrases that begin alike. */
class TrieNode {
  readonly children = new Map<number, TrieNode>();
  /** How many phrases end here. */
  ends = 0;
  /** How many phrases go through here or end here. */
  phrases = 0;

  constructor(readonly parent: TrieNode | null) {}

  add(phrase: Int32Array): void {
    let node: TrieNode = this;
    node.phrases += 1;
    for (const token of phrase) {
      let child = node.children.get(token);
      if (child === undefined) {
        child = new TrieNode(node);
        node.children.set(token, child);
      }
      node = child;
      node.phrases += 1;
    }
    node.ends += 1;
  }
}

type Counts = ReadonlyMap<TrieNode, number>;

/** fairseq's rules: a walk over the trie that falls back to its root where a token leads nowhere. */
class UnorderedProgress implements PhraseProgress {
  readonly #root: TrieNode;
  readonly #node: TrieNode;
  /** How often each node was walked through, by walks that are not undone. */
  readonly #walked: Counts;
  /** How many phrases are held that end at each node; the one that ends where the walk stands is not yet among them. */
  readonly #held: Counts;

  constructor(root: TrieNode, node: TrieNode, walked: Counts, held: Counts) {
    this.#root = root;
    this.#node = node;
    this.#walked = walked;
    this.#held = held;
  }

  get bank(): number {
    return sum(this.#walked);
  }

  get isComplete(): boolean {
    return sum(this.#held) + (this.#endsPhrase(this.#node) ? 1 : 0) === this.#root.phrases;
  }

  get nextTokens(): ReadonlySet<number> {
    return new Set([...this.#root.children.keys(), ...this.#node.children.keys()]);
  }

  advance(token: number): PhraseProgress {
    const child = this.#open(this.#node, token);
    if (child !== null) return this.#enter(child, this.#walked, this.#held);
    const fromRoot = this.#open(this.#root, token);
    const { walked, held } = this.#rewound();
    return fromRoot === null
      ? new UnorderedProgress(this.#root, this.#root, walked, held)
      : this.#enter(fromRoot, walked, held);
  }

  #enter(node: TrieNode, walked: Counts, held: Counts): UnorderedProgress {
    return new UnorderedProgress(this.#root, node, plus(walked, node, 1), held);
  }

  /** The child that a token leads to, unless all phrases through it are walked already. */
  #open(node: TrieNode, token: number): TrieNode | null {
    const child = node.children.get(token);
    return child !== undefined && count(this.#walked, child) < child.phrases ? child : null;
  }

  /** Whether a phrase ends at a node that does not count as held yet. */
  #endsPhrase(node: TrieNode): boolean {
    return node.ends > 0 && count(this.#held, node) < node.ends;
  }

  /** What is left of the walk when it breaks off: up to its longest prefix that is a phrase, which is then held. */
  #rewound(): { walked: Counts; held: Counts } {
    let walked = this.#walked;
    for (let node = this.#node; node.parent !== null; node = node.parent) {
      if (this.#endsPhrase(node)) return { walked, held: plus(this.#held, node, 1) };
      walked = plus(walked, node, -1);
    }
    return { walked, held: this.#held };
  }
}

const count = (counts: Counts, node: TrieNode): number => counts.get(node) ?? 0;

const plus = (counts: Counts, node: TrieNode, more: number): Counts =>
  new Map(counts).set(node, count(counts, node) + more);

function sum(counts: Counts): number {
  let total = 0;
  for (const value of counts.values()) total += value;
  return total;
}
