import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDictionary } from '../../src/data/dictionary-file.js';
import { writeIndexedDataset } from '../../src/data/indexed-dataset-writer.js';
import { openModelFolder } from '../../src/model-folder/open-model-folder.js';
import { createPipeline } from '../../src/model-folder/pipeline.js';
import { createSentenceSplitter } from '../../src/text/sentences.js';

/**
 * Makes a data folder whose split `test` has the sentences of texts as a model folder encodes them, so that `generate` translates
 * what the server translates. The source is also the reference.
 */
export async function splitOfText(modelFolder: string, file: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  const { manifest, folder } = openModelFolder(modelFolder);
  const { source, target } = manifest.languages;
  for (const language of [source, target]) {
    copyFileSync(join(folder, `dict.${language}.txt`), join(to, `dict.${language}.txt`));
  }
  const dictionary = loadDictionary(join(folder, `dict.${source}.txt`));
  const codec = await createPipeline(manifest, folder);
  const split = createSentenceSplitter(source);
  const writers = [source, target].map((language) =>
    writeIndexedDataset(join(to, `test.${source}-${target}.${language}`), null),
  );
  const parts = readFileSync(file, 'utf8').split('\n').slice(0, -1).flatMap(split);
  for (const { kind, text } of parts) {
    if (kind === 'between') continue;
    const ids = dictionary.encodeLine(codec.encode(text));
    for (const writer of writers) writer.add(ids);
  }
  for (const writer of writers) writer.finish();
}
