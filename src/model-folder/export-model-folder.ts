import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCheckpoint, loadCheckpoint, saveCheckpoint } from '../checkpoint/checkpoint.js';
import { checkpointFile } from '../checkpoint/checkpoint-path.js';
import { compactWeights, type WeightPrecision } from '../checkpoint/compact-weights.js';
import { checkDictionaries } from '../checkpoint/dictionary-check.js';
import { checkRecordedModel, recordedModelOptions } from '../checkpoint/recorded-model.js';
import { checkTask } from '../checkpoint/task-check.js';
import { builtInComponents } from '../components.js';
import { hashDictionary, saveDictionary } from '../data/dictionary-file.js';
import { publishTogether } from '../data/staging.js';
import { UserError } from '../errors.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import { type TranslationTask, translationOptions } from '../tasks/translation.js';
import { attempt } from '../text/file-errors.js';
import { dictionaryFiles, formatManifest, MANIFEST, type Manifest } from './manifest.js';
import { checksumOf, isModelFolder, readManifest } from './open-model-folder.js';
import { createPipeline } from './pipeline.js';
import type { TextSteps } from './text-options.js';

/** What `exportModelFolder` makes a folder of. */
export interface ExportRequest {
  /** The checkpoints; several form an ensemble. */
  readonly stems: readonly string[];
  /** The task with the dictionaries that they were trained with. */
  readonly task: TranslationTask;
  readonly text: TextSteps;
  readonly precision: WeightPrecision;
  /** Options of the search that differ from fairseq's defaults. */
  readonly search: Manifest['search'];
  readonly license: string | null;
  readonly dataLicense: string | null;
  readonly provenance: Manifest['provenance'];
}

/**
 * Writes a folder with everything that a translation needs. Replaces a model folder of the same name; its files appear
 * together, or not at all.
 * @throws UserError if an input is missing or damaged, inputs do not belong together, or the folder has other contents
 */
export async function exportModelFolder(folder: string, request: ExportRequest): Promise<void> {
  const { stems, task, text } = request;
  const architectures = stems.map((stem) => checkModel(stem, task));
  const before = filesOfModelFolder(folder);
  const files = await publishTogether(folder, async (staging) => {
    const checkpoints = stems.map((stem, index) => {
      const name = index === 0 ? 'model' : `model${index + 1}`;
      saveModel(stem, join(staging, name), task, architectures[index]!, request.precision);
      return checkpointFile(name);
    });
    const [source, target] = dictionaryFiles(languagesOf(task));
    saveDictionary(task.sourceDictionary, join(staging, source!));
    saveDictionary(task.targetDictionary, join(staging, target!));
    for (const [name, path] of text.files) attempt(path, 'read', () => copyFileSync(path, join(staging, name)));
    const manifest = { ...describe(request, checkpoints), files: checksums(staging) };
    await createPipeline(manifest, staging);
    const path = join(staging, MANIFEST);
    attempt(path, 'written', () => writeFileSync(path, formatManifest(manifest)));
    return manifest.files;
  });
  for (const name of before) if (!Object.hasOwn(files, name)) rmSync(join(folder, name), { force: true });
}

const languagesOf = ({ sourceLang, targetLang }: TranslationTask): Manifest['languages'] => ({
  source: sourceLang,
  target: targetLang,
});

/** The files of the model folder that is replaced. @throws UserError if the folder has other contents */
function filesOfModelFolder(folder: string): readonly string[] {
  if (isModelFolder(folder)) return Object.keys(readManifest(folder).files);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UserError(`${folder} is not empty and has no ${MANIFEST}`, 'choose a new folder');
  }
  return [];
}

/** @throws UserError if a checkpoint cannot be in a model folder, or was trained with other dictionaries */
function checkModel(stem: string, task: TranslationTask): ArchitectureDefinition {
  const { architectures } = builtInComponents();
  const outline = describeCheckpoint(stem);
  const { arch } = outline.metadata;
  checkTask(stem, outline.metadata);
  if (arch === null || !architectures.names().includes(arch)) {
    throw new UserError(
      `${stem} has the architecture ${arch ?? '(not recorded)'}, which ts-fairseq does not contain`,
      'a model folder holds no code: use generate or the library with the plug-in',
    );
  }
  checkRecordedModel(stem, outline, architectures);
  checkDictionaries(stem, outline, task);
  return architectures.get(arch);
}

/** Writes the weights of a model with the options that translation needs. */
function saveModel(
  stem: string,
  to: string,
  task: TranslationTask,
  architecture: ArchitectureDefinition,
  precision: WeightPrecision,
): void {
  const { metadata, weights } = loadCheckpoint(stem, { optimizer: false });
  const ofTask = selectOptions(translationOptions, { ...task.options, ...metadata.options });
  saveCheckpoint(to, {
    metadata: {
      version: metadata.version,
      task: metadata.task,
      arch: architecture.name,
      options: { ...ofTask, ...recordedModelOptions(stem, metadata, architecture) },
      languages: languagesOf(task),
      dictionaries: {
        [task.sourceLang]: hashDictionary(task.sourceDictionary),
        [task.targetLang]: hashDictionary(task.targetDictionary),
      },
      training: null,
      machine: null,
    },
    weights: compactWeights(weights, precision),
    optimizer: null,
  });
}

function describe(
  { task, text, precision, search, license, dataLicense, provenance }: ExportRequest,
  checkpoints: string[],
): Omit<Manifest, 'files'> {
  return {
    format: 'ts-fairseq model',
    version: 1,
    languages: languagesOf(task),
    encode: [...text.encode],
    decode: [...text.decode],
    checkpoints,
    precision,
    search,
    license,
    dataLicense,
    provenance,
  };
}

const checksums = (folder: string): Manifest['files'] =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, checksumOf(join(folder, name))]),
  );
