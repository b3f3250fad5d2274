/**
 * Prints the results of quickstart.sh: the first test lines with their translations, BLEU of a baseline that answers with the
 * translation of the most similar training message, and BLEU of the model.
 *   node scripts/quickstart-report.js TEXT_DIR GENERATE_OUTPUT
 */
import { readFileSync } from 'node:fs';
import { TextBleuScorer } from '../dist/src/scoring/bleu-scorer.js';
import { createMosesDetokenizer } from '../dist/src/text/moses/detokenizer.js';
import { detruecase } from '../dist/src/text/moses/detruecase.js';
import { nearestNeighbourBaseline } from '../dist/src/text/nearest-neighbour.js';

const SHOWN = 5;
const [textDir, generated] = process.argv.slice(2);
const lines = (path) => readFileSync(path, 'utf8').trimEnd().split('\n');

const output = lines(generated);
const hypotheses = new Map(
  output
    .filter((line) => line.startsWith('D-'))
    .map((line) => [Number(line.slice(2).split('\t')[0]), line.split('\t')[2]]),
);

const sources = lines(`${textDir}/words.test.de`);
const references = lines(`${textDir}/words.test.en`);
const trainTargets = lines(`${textDir}/words.train.en`);
const train = lines(`${textDir}/words.train.de`).map((source, index) => [source, trainTargets[index]]);

const neighbour = new TextBleuScorer();
for (const [index, answer] of nearestNeighbourBaseline(train, sources).entries()) {
  neighbour.addLine(references[index], answer);
}

const [german, english] = ['de', 'en'].map((language) => {
  const detokenize = createMosesDetokenizer(language);
  return (line) => detokenize(detruecase(line));
});
console.log();
for (let index = 0; index < SHOWN; index++) {
  console.log(`source       ${german(sources[index])}`);
  console.log(`translation  ${english(hypotheses.get(index))}`);
  console.log(`reference    ${english(references[index])}\n`);
}
console.log(`nearest training message: ${neighbour.resultLine(4)}`);
for (const line of output.slice(output.findIndex((line) => line.startsWith('Generate test')))) console.log(line);
