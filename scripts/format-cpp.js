// Checks that the C++ of the packages is formatted as .clang-format says; --write formats it.
//   node scripts/format-cpp.js [--write]
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from '@wasm-fmt/clang-format';

const root = fileURLToPath(new URL('..', import.meta.url));
const style = readFileSync(`${root}/.clang-format`, 'utf8');
const write = process.argv.includes('--write');

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', 'packages'], {
  cwd: root,
  encoding: 'utf8',
});
const files = listed.split('\0').filter((file) => /\.(cc|h)$/.test(file));

const unformatted = files.filter((file) => {
  const source = readFileSync(`${root}/${file}`, 'utf8');
  const formatted = format(source, file, style);
  if (write && formatted !== source) writeFileSync(`${root}/${file}`, formatted);
  return formatted !== source;
});

if (!write && unformatted.length > 0) {
  console.error(`not formatted: ${unformatted.join(', ')}; node scripts/format-cpp.js --write formats them`);
  process.exitCode = 1;
}
