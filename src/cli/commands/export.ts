import { loadMetadata } from '../../checkpoint/checkpoint.js';
import { UserError } from '../../errors.js';
import { taskOfCheckpoint } from '../../inference/load-models.js';
import { exportModelFolder } from '../../model-folder/export-model-folder.js';
import type { Manifest } from '../../model-folder/manifest.js';
import { textOptions, textSteps } from '../../model-folder/text-options.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import { searchOptions } from '../../search/index.js';
import { defineCommand } from '../command.js';
import { checkTranslationOptions, chosenPrecision, searchOfText } from '../options/translation-options.js';
import { version } from '../version.js';

const modelOptions = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'STEM[:STEM…]',
    group: 'Model',
    help: 'checkpoint stem or fairseq .pt file; several, separated by colons, form an ensemble',
  },
  data: { kind: 'string', default: null, metavar: 'DATA', group: 'Model', help: 'folder with the dictionaries' },
  to: { kind: 'string', default: null, metavar: 'FOLDER', group: 'Model', help: 'folder to write' },
  int8: { kind: 'boolean', default: false, group: 'Model', help: 'store and compute with int8 weights' },
  bf16: { kind: 'boolean', default: false, group: 'Model', help: 'store and compute with bfloat16 weights' },
  license: { kind: 'string', default: null, metavar: 'TEXT', group: 'Model', help: 'licence of the model' },
  dataLicense: {
    kind: 'string',
    default: null,
    metavar: 'TEXT',
    group: 'Model',
    help: 'licence of the data that it was trained on',
  },
  trainedOn: {
    kind: 'string',
    default: null,
    metavar: 'TEXT',
    group: 'Model',
    help: 'the data that it was trained on, for its provenance',
  },
});

const options = { ...modelOptions, ...textOptions, ...searchOfText } as const;

export const exportCommand = defineCommand({
  name: 'export',
  description:
    'Writes a folder with everything that a translation needs: weights, dictionaries, the way from text to tokens and back, and the defaults of the search. translate, interactive and the library open it. Nothing in it is executed.',
  options,
  examples: [
    'ts-fairseq export --path checkpoints/averaged --data data-bin/de-en --to models/de-en --tokenizer moses --truecase-model truecase.de --bpe-codes codes',
    'ts-fairseq export --path model.pt --data data-bin/de-en --to models/de-en --spm-model spm.model --int8 --beam 4',
  ],
  async run({ options, explicitKeys }) {
    const stems = checkTranslationOptions({ ...selectOptions(searchOptions, options), path: options.path });
    const { data, to } = options;
    if (data === null) throw new UserError('--data is missing', 'name the folder with the dictionaries');
    if (to === null) throw new UserError('--to is missing', 'name the folder to write');
    const precision = chosenPrecision(options) ?? 'float32';
    const task = await taskOfCheckpoint(stems[0]!, data);
    await exportModelFolder(to, {
      stems,
      task,
      text: textSteps(options, { source: task.sourceLang, target: task.targetLang }),
      precision,
      search: chosenSearch(options, explicitKeys),
      license: options.license,
      dataLicense: options.dataLicense,
      provenance: provenanceOf(stems[0]!, options.trainedOn),
    });
    process.stderr.write(`exported ${stems.join(', ')} to ${to}\n`);
  },
});

/** The options of the search that the user chose. */
function chosenSearch(options: OptionsOf<typeof searchOfText>, explicitKeys: ReadonlySet<string>): Manifest['search'] {
  const chosen = Object.keys(searchOfText).filter((key) => explicitKeys.has(key));
  return Object.fromEntries(chosen.map((key) => [key, options[key as keyof typeof searchOfText]!]));
}

function provenanceOf(stem: string, data: string | null): Manifest['provenance'] {
  const { arch, options } = loadMetadata(stem);
  const { criterion } = options;
  return {
    exportedBy: `ts-fairseq ${version}`,
    ...(arch === null ? {} : { arch }),
    ...(typeof criterion === 'string' ? { criterion } : {}),
    ...(data === null ? {} : { data }),
  };
}
