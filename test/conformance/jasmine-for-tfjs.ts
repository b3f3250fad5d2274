// Replaces `jasmine-core/lib/jasmine-core/jasmine.js` in the bundle. tfjs-core's jasmine_util creates a jasmine from it
// to set the timeout of specs, which versions before 7 allowed. It gets the instance that runs the specs.
import jasmineCore from 'jasmine-core';

export const core = (): unknown => jasmineCore.jasmine;
