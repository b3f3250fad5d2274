/** Outcomes by the spec's name without the backend's. Specs of the same name are distinguished by a number. */
function byName({ backend, outcomes }) {
  const named = new Map();
  for (const outcome of outcomes) {
    const name = outcome.name.replaceAll(` ${backend} {}`, '');
    let number = 1;
    while (named.has(`${name} #${number}`)) number++;
    named.set(`${name} #${number}`, outcome);
  }
  return named;
}

/** The problems of a run of the specs, one text each. The reference is the run on tfjs-backend-cpu. */
export function compare(run, reference) {
  const problems = run.otherFailures.map((failure) => `${run.label}: ${failure}`);
  const named = byName(run);
  for (const [name, { status, failures }] of named) {
    if (status === 'failed') problems.push(`${run.label}: ${name} fails\n${failures.join('\n')}`);
  }
  for (const [name, expected] of byName(reference)) {
    if (expected.status === 'skipped') continue;
    const outcome = named.get(name);
    if (outcome === undefined || outcome.status === 'skipped') {
      problems.push(`${run.label}: ${name} does not run, but does on ${reference.label}`);
    } else if (outcome.left > expected.left) {
      problems.push(`${run.label}: ${name} leaves ${outcome.left} data behind, not ${expected.left}`);
    }
  }
  return problems;
}
