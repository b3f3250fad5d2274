import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './substitutes.js';

const HEADING = 'ts-fairseq-translate contains code of these packages.\n';
const LICENSE_FILE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

/** The folder of the package that a file of node_modules belongs to, relative to the repository; null for other files. */
const packageOf = (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;

/**
 * The licenses of the packages that bundles contain.
 * @param {readonly object[]} metafiles of esbuild, with paths relative to the repository
 * @param {RegExp} expected the names of packages that may be there
 * @throws Error for another package, and for one whose license is unknown
 */
export function licenses(metafiles, expected) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = [...new Set(inputs.map(packageOf).filter((folder) => folder !== null))].sort();
  const texts = new Map(); // the packages with each text
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    if (!expected.test(name)) throw new Error(`${name} is not among the dependencies of ts-fairseq-translate`);
    const text = licenseText(folder, license);
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const sections = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text.trim()}\n`);
  return [HEADING, ...sections].join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * The license of a package: its files, or the end of its README. The packages of TensorFlow.js name the Apache license
 * without its text.
 */
function licenseText(folder, license) {
  const names = readdirSync(join(root, folder));
  const read = (name) => readFileSync(join(root, folder, name), 'utf8');
  const files = names.filter((name) => LICENSE_FILE.test(name));
  if (files.length > 0) return files.map(read).join('\n');
  if (license === 'Apache-2.0') return readFileSync(join(root, 'node_modules/typescript/LICENSE.txt'), 'utf8');
  const readme = names.includes('README.md') ? read('README.md') : '';
  const [section = ''] = /^#*\s*licen[cs]e\b[\s\S]*/im.exec(readme) ?? [];
  if (section.includes('Permission is hereby granted')) return section;
  throw new Error(`${folder} has no license file (${license})`);
}
