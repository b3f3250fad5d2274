import { engine, findBackend } from '@tensorflow/tfjs-core';

/** The outcome of one spec. */
interface Outcome {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The number of data that the spec left behind in the backend. */
  readonly left: number;
  readonly failures: readonly string[];
}

/** The fields of jasmine's results that are used here. */
interface SpecResult {
  readonly fullName: string;
  readonly status: string; // 'passed', 'failed', 'excluded', 'pending'
  readonly failedExpectations: readonly { readonly message: string; readonly stack?: string }[];
}

/** The number of data in the current backend; 0 after a reset of the engine. */
function dataHeld(): number {
  const { backendName } = engine();
  return backendName == null ? 0 : findBackend(backendName).numDataIds();
}

/** A jasmine reporter that collects the outcomes of all specs. */
export class Recorder {
  readonly outcomes: Outcome[] = [];
  /** Failures outside of specs, for example in a suite's beforeAll. */
  readonly otherFailures: string[] = [];
  #heldBefore = 0;

  specStarted(): void {
    this.#heldBefore = dataHeld();
  }

  specDone({ fullName, status, failedExpectations }: SpecResult): void {
    const ran = status === 'passed' || status === 'failed';
    this.outcomes.push({
      name: fullName,
      status: ran ? status : 'skipped',
      left: ran ? dataHeld() - this.#heldBefore : 0,
      failures: failedExpectations.map(({ message, stack }) => `${message}\n${stack ?? ''}`),
    });
  }

  suiteDone({ fullName, failedExpectations }: SpecResult): void {
    for (const { message } of failedExpectations) this.otherFailures.push(`${fullName}: ${message}`);
  }

  jasmineDone({ failedExpectations }: SpecResult): void {
    for (const { message } of failedExpectations) this.otherFailures.push(message);
  }
}
