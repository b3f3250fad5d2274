// Stands in for vitest in the bundle of kernel tests: runs them in order, and prints one line of JSON per test.
import { chai, JestAsymmetricMatchers, JestChaiExpect } from '@vitest/expect';

chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Work = () => unknown;
interface Suite {
  readonly name: string;
  readonly before: Work[];
  readonly beforeEach: Work[];
  readonly afterEach: Work[];
  readonly after: Work[];
  readonly tests: { readonly name: string; readonly work: Work }[];
}

const newSuite = (name: string): Suite => ({ name, before: [], beforeEach: [], afterEach: [], after: [], tests: [] });
const suites: Suite[] = [newSuite('')];
let current = suites[0]!;

/** A title of a table of cases: `$name` and `%s`, as vitest fills them in. */
function titleOf(title: string, values: readonly unknown[]): string {
  const [first] = values;
  let next = 0;
  return title
    .replace(/\$(\w+)/g, (_, name: string) => String((first as Record<string, unknown>)?.[name]))
    .replace(/%[sijd]/g, () => JSON.stringify(values[next++]));
}

const eachOf =
  <T>(define: (name: string, work: (...values: unknown[]) => unknown, values: unknown[]) => T) =>
  (cases: readonly unknown[]) =>
  (title: string, work: (...values: unknown[]) => unknown) => {
    for (const one of cases) {
      const values = Array.isArray(one) ? one : [one];
      define(titleOf(title, values), work, values);
    }
  };

const define = (name: string, work: Work): void => void current.tests.push({ name, work });
export const test = Object.assign(define, {
  each: eachOf((name, work, values) => define(name, () => work(...values))),
});
export const it = test;

function group(name: string, work: Work): void {
  const outer = current;
  current = newSuite(outer.name === '' ? name : `${outer.name} > ${name}`);
  suites.push(current);
  work();
  current = outer;
}
export const describe = Object.assign(group, {
  each: eachOf((name, work, values) => group(name, () => work(...values))),
});

export const beforeAll = (work: Work): void => void current.before.push(work);
export const beforeEach = (work: Work): void => void current.beforeEach.push(work);
export const afterEach = (work: Work): void => void current.afterEach.push(work);
export const afterAll = (work: Work): void => void current.after.push(work);
export const expect = (value: unknown, message?: string) => chai.expect(value, message);

/** What a failure says, in one line. */
const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message.split('\n').slice(0, 4).join(' ') : String(thrown);

/** Does all of the work. @returns the first error, or null */
async function errorOf(works: readonly Work[]): Promise<string | null> {
  let error: string | null = null;
  for (const work of works) {
    try {
      await work();
    } catch (thrown) {
      error ??= messageOf(thrown);
    }
  }
  return error;
}

/** Runs everything that was defined. A failure does not keep later tests from running. @returns whether all passed */
export async function runAll(): Promise<boolean> {
  let passedAll = true;
  const report = (suite: string, test: string, error: string | null, start: number): void => {
    passedAll &&= error === null;
    const seconds = Number(((performance.now() - start) / 1000).toFixed(3));
    process.stdout.write(`${JSON.stringify({ suite, test, passed: error === null, error, seconds })}\n`);
  };
  for (const { name: suite, tests, ...hooks } of suites) {
    if (tests.length === 0) continue;
    const start = performance.now();
    const unprepared = await errorOf(hooks.before);
    if (unprepared !== null) report(suite, 'beforeAll', unprepared, start);
    for (const { name, work } of unprepared === null ? tests : []) {
      const begun = performance.now();
      const before = await errorOf(hooks.beforeEach);
      const error = before ?? (await errorOf([work]));
      const after = await errorOf(hooks.afterEach);
      report(suite, name, error ?? after, begun);
    }
    const ended = performance.now();
    const after = await errorOf(hooks.after);
    if (after !== null) report(suite, 'afterAll', after, ended);
  }
  return passedAll;
}
