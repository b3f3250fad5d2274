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

/** Runs everything that was defined. @returns whether all tests passed */
export async function runAll(): Promise<boolean> {
  let passedAll = true;
  for (const suite of suites) {
    if (suite.tests.length === 0) continue;
    for (const work of suite.before) await work();
    for (const { name, work } of suite.tests) {
      const start = performance.now();
      let error: string | null = null;
      try {
        for (const before of suite.beforeEach) await before();
        await work();
      } catch (thrown) {
        error = thrown instanceof Error ? thrown.message.split('\n').slice(0, 4).join(' ') : String(thrown);
        passedAll = false;
      }
      for (const after of suite.afterEach) await after();
      const seconds = Number(((performance.now() - start) / 1000).toFixed(3));
      process.stdout.write(
        `${JSON.stringify({ suite: suite.name, test: name, passed: error === null, error, seconds })}\n`,
      );
    }
    for (const work of suite.after) await work();
  }
  return passedAll;
}
