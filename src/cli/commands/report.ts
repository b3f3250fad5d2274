import { basename, dirname, extname, join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { type Claims, parseClaims } from '../../report/claims.js';
import { loadInput } from '../../report/load-input.js';
import { renderHtml } from '../../report/render-html.js';
import { renderMarkdown } from '../../report/render-markdown.js';
import { buildReport } from '../../report/report.js';
import { fillFolder } from '../../text/make-folder.js';
import { type FileContent, writeFilesAtomically } from '../../text/write-lines.js';
import { defineCommand } from '../command.js';
import { readConfigFile } from '../options/config-file.js';

const options = defineOptions({
  output: { kind: 'string', default: null, metavar: 'FILE', help: 'the HTML file to write, e.g. report.html' },
  claims: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'also show the claims of this YAML file beside what was measured; see examples/claims.yaml',
  },
  markdown: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'also write Markdown, with the figures in a folder of the same name without .md',
  },
});

export const reportCommand = defineCommand({
  name: 'report',
  description:
    'Writes an HTML report of a sweep or of single runs: which system is better and how certain that is, tables, learning curves, analyses and translations. The file can be viewed offline. Results that do not exist yet are omitted and listed as missing.',
  arguments: [
    {
      name: 'path',
      help: "the folder of a sweep, folders of runs, or training logs, including fairseq's",
      variadic: true,
    },
  ],
  options,
  examples: [
    'ts-fairseq report runs/multi30k --output report.html',
    'ts-fairseq report runs/multi30k --markdown docs/results.md --claims examples/claims.yaml',
    'ts-fairseq report runs/first runs/second --output report.html',
  ],
  async run({ args, options }) {
    const { output, markdown } = options;
    if (output === null && markdown === null) {
      throw new UserError('--output is missing', 'name the HTML file to write, or --markdown FILE');
    }
    if (markdown !== null && extname(markdown) !== '.md') {
      throw new UserError(`--markdown ${markdown} does not end in .md`, 'name a file that does');
    }
    if (markdown !== null && output !== null && resolve(markdown) === resolve(output)) {
      throw new UserError(`--output and --markdown both name ${output}`, 'name two different files');
    }
    const report = buildReport(loadInput(args), await readClaims(options.claims));
    const html: FileContent[] = output === null ? [] : [{ path: output, content: [renderHtml(report).trimEnd()] }];
    if (markdown === null) return write(html);
    const folder = markdown.slice(0, -'.md'.length);
    const { text, figures } = renderMarkdown(report, linkOf(basename(folder)));
    await write([
      ...html,
      { path: markdown, content: [text.trimEnd()] },
      ...figures.map(({ name, svg }) => ({ path: join(folder, name), content: [svg.trimEnd()] })),
    ]);
  },
});

async function readClaims(file: string | null): Promise<Claims | null> {
  if (file === null) return null;
  const { path, entries } = await readConfigFile(file);
  return parseClaims(path, entries);
}

/** A folder's name as a link of Markdown, which ends at a closing parenthesis. */
const linkOf = (name: string): string =>
  encodeURIComponent(name).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);

/** Writes all files or none, in folders that are made if they do not exist. */
async function write(files: readonly FileContent[]): Promise<void> {
  const [folder, ...others] = new Set(files.map(({ path }) => dirname(path)));
  const fill = async (left: readonly string[]): Promise<void> => {
    const [next, ...rest] = left;
    if (next === undefined) writeFilesAtomically(files);
    else await fillFolder(next, () => fill(rest));
  };
  await fill([folder!, ...others]);
}
