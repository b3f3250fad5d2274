import type { PhraseProgress } from './phrase-progress.js';
import type { SentencePhrases } from './strategy.js';

/** The initial progress for `--constraints unordered` (Hu et al. 2019). */
export function unorderedPhrases(phrases: SentencePhrases): PhraseProgress {
  const root = new TrieNode(null);
  for (const phrase of phrases) root.add(phrase);
  return new UnorderedProgress(root, root, new Map(), new Map());
}

/** A node of the trie of phrases: a common prefix of one or more phrases. */
class TrieNode {
  readonly children = new Map<number, TrieNode>();
  /** The number of phrases that end here. */
  ends = 0;
  /** The number of phrases that pass through or end here. */
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

/** Follows fairseq: walks over the trie, and returns to its root if a token continues no phrase. */
class UnorderedProgress implements PhraseProgress {
  readonly #root: TrieNode;
  readonly #node: TrieNode;
  /** How often each node was visited, by walks that were not undone. */
  readonly #visited: Counts;
  /** The number of completed phrases that end at each node, excluding a phrase that ends at the current node. */
  readonly #completed: Counts;

  constructor(root: TrieNode, node: TrieNode, visited: Counts, completed: Counts) {
    this.#root = root;
    this.#node = node;
    this.#visited = visited;
    this.#completed = completed;
  }

  get bank(): number {
    return sum(this.#visited);
  }

  get isComplete(): boolean {
    return sum(this.#completed) + (this.#endsPhrase(this.#node) ? 1 : 0) === this.#root.phrases;
  }

  get nextTokens(): ReadonlySet<number> {
    return new Set([...this.#root.children.keys(), ...this.#node.children.keys()]);
  }

  advance(token: number): PhraseProgress {
    const child = this.#open(this.#node, token);
    if (child !== null) return this.#enter(child, this.#visited, this.#completed);
    const fromRoot = this.#open(this.#root, token);
    const { visited, completed } = this.#rewound();
    return fromRoot === null
      ? new UnorderedProgress(this.#root, this.#root, visited, completed)
      : this.#enter(fromRoot, visited, completed);
  }

  #enter(node: TrieNode, visited: Counts, completed: Counts): UnorderedProgress {
    return new UnorderedProgress(this.#root, node, plus(visited, node, 1), completed);
  }

  /** The child for a token, or null if all phrases through it were already visited. */
  #open(node: TrieNode, token: number): TrieNode | null {
    const child = node.children.get(token);
    return child !== undefined && count(this.#visited, child) < child.phrases ? child : null;
  }

  /** Whether a phrase that is not yet counted as completed ends at a node. */
  #endsPhrase(node: TrieNode): boolean {
    return node.ends > 0 && count(this.#completed, node) < node.ends;
  }

  /** Undoes an interrupted walk, back to its longest prefix that is a phrase, which is then completed. */
  #rewound(): { visited: Counts; completed: Counts } {
    let visited = this.#visited;
    for (let node = this.#node; node.parent !== null; node = node.parent) {
      if (this.#endsPhrase(node)) return { visited, completed: plus(this.#completed, node, 1) };
      visited = plus(visited, node, -1);
    }
    return { visited, completed: this.#completed };
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
