import { readFileSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { trimEnd } from '../python-text.js';
import type { System } from '../significance/paired.js';
import type { Values } from './flags.js';
import type { Host } from './host.js';
import { UserError } from './user-error.js';

export interface Corpus {
  readonly systems: readonly System[];
  readonly references: readonly (readonly string[])[]; // [references][segments]
}

type Decode = (bytes: Uint8Array, name: string) => string;

/** Reads references and translations. @throws UserError if their numbers of lines differ */
export function readCorpus(files: readonly string[], values: Values, host: Host): Corpus {
  if (files.length === 0) {
    throw new UserError('there are no references', 'name their files first: sacrebleu-ts REF … -i HYP');
  }
  const decode = decoderOf(values.encoding);
  const read = (file: string): string[] => linesOf(decode(bytesOf(file), file));
  const references = values.numRefs === 1 ? files.map(read) : splitReferences(files, values.numRefs, read);
  const systems =
    values.input === null ? readStdin(files, values, host, decode) : readSystems(values.input, values, read);
  const name = values.numRefs === 1 ? files : references.map(() => files[0]!);
  for (const system of systems) checkLengths(system, references, name);
  return { systems, references };
}

/** Each line of one file contains all references of a segment. */
function splitReferences(files: readonly string[], count: number, read: (file: string) => string[]): string[][] {
  if (files.length > 1) throw new UserError('--num-refs with several files', 'it splits the lines of one file');
  const rows = read(files[0]!).map((line, index) => {
    const fields = line.split('\t');
    if (fields.length < count) {
      throw new UserError(
        `${files[0]} line ${index + 1} has ${fields.length} of ${count} references`,
        '--num-refs splits each line at tabs',
      );
    }
    return [...fields.slice(0, count - 1), fields.slice(count - 1).join('\t')];
  });
  return Array.from({ length: count }, (_, reference) => rows.map((row) => row[reference]!));
}

function readSystems(files: readonly string[], values: Values, read: (file: string) => string[]): System[] {
  const systems: System[] = [];
  for (const file of files) {
    if (systems.some(({ name }) => name === file)) {
      // The baseline may also be listed among the systems.
      if ((values.pairedAr || values.pairedBs) && file === systems[0]!.name) continue;
      throw new UserError(`${file} is named twice`, 'name each system once');
    }
    systems.push({ name: file, hypotheses: read(file) });
  }
  return systems;
}

/**
 * Reads systems in tab-separated columns.
 * @throws UserError if there are none, e.g. because the last file was meant as the translations
 */
function readStdin(files: readonly string[], values: Values, host: Host, decode: Decode): System[] {
  const translations = files.length > 1 ? `-i ${files.at(-1)}` : '-i HYP';
  const references = files.length > 1 ? files.slice(0, -1) : files;
  const remedy = `name their files behind -i: sacrebleu-ts ${references.join(' ')} ${translations}`;
  if (host.isStdinTerminal) {
    if (files.length > 1) throw new UserError('there are no translations, and standard input is a terminal', remedy);
    if (!values.quiet) host.err(`sacreBLEU: reading translations from standard input; or ${remedy}\n`);
  }
  const rows = linesOf(decode(host.readStdin(), 'standard input')).map((line) => line.split('\t'));
  if (rows.length === 0) throw new UserError('standard input has no translations', remedy);
  const count = rows[0]!.length;
  for (const [index, row] of rows.entries()) {
    if (row.length === count) continue;
    throw new UserError(
      `standard input line ${index + 1} has ${row.length} fields, the first has ${count}`,
      'separate systems by tabs',
    );
  }
  return Array.from({ length: count }, (_, system) => ({
    name: `System ${system + 1}`,
    hypotheses: rows.map((row) => trimEnd(row[system]!)),
  }));
}

function checkLengths({ name, hypotheses }: System, references: Corpus['references'], files: readonly string[]): void {
  if (hypotheses.length === 0) throw new UserError(`${name} is empty`, 'write one translation per line');
  for (const [index, stream] of references.entries()) {
    if (stream.length === hypotheses.length) continue;
    throw new UserError(
      `${files[index]} has ${stream.length} lines, ${name} has ${hypotheses.length}`,
      'line N of the translations must match line N of the references',
    );
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    const bytes = readFileSync(file);
    return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UserError(`${file} does not exist`, 'check its name');
    if (code === 'EISDIR') throw new UserError(`${file} is a folder`, 'name a file');
    if (code?.startsWith('Z_'))
      throw new UserError(`${file} is not a gzip file (${message})`, 'check it, or its ending .gz');
    throw new UserError(`${file} cannot be read`, message);
  }
}

/** Splits text at line feeds only and removes white space at the ends of lines, as sacrebleu does. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(trimEnd);
}

/** @throws UserError for an unknown encoding and, later, for bytes that are invalid in it */
function decoderOf(encoding: string): Decode {
  // WHATWG's `latin1` differs from Python's.
  if (/^(latin-?1|iso-?8859-1)$/i.test(encoding)) return (bytes) => Buffer.from(bytes).toString('latin1');
  const decoder = decoderNamed(encoding);
  return (bytes, name) => {
    try {
      return decoder.decode(bytes);
    } catch {
      const where = badLine(bytes, decoder);
      throw new UserError(`${name}${where} is not ${encoding}`, 'save it in that encoding, or set --encoding');
    }
  };
}

function decoderNamed(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  } catch {
    throw new UserError(`unknown encoding '${encoding}'`, 'for example utf-8, utf-16le, latin-1');
  }
}

/** ` line 3`: the first line that cannot be decoded. */
function badLine(bytes: Uint8Array, decoder: TextDecoder): string {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return ` line ${line}`;
    }
    start = end;
  }
  return '';
}
