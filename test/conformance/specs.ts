// tfjs-core's specs on one backend, after the environment of a package. bundle.js bundles everything into one file, so that all
// parts share one tfjs-core. run-specs.js starts it once per backend.
import '@tensorflow/tfjs-core/dist/tests.js';
import jasmineCore from 'jasmine-core';
import { Recorder } from './recorder.js';

const recorder = new Recorder();
const environment = jasmineCore.jasmine.getEnv();
environment.addReporter(recorder);
await environment.execute();
const { outcomes, otherFailures } = recorder;
process.send?.({ outcomes, otherFailures }, () => process.exit());
