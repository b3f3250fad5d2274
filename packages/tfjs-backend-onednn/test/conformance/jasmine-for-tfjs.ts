// Stands for `jasmine-core/lib/jasmine-core/jasmine.js` in the bundle: tfjs-core's jasmine_util makes a jasmine from it, as
// versions before 7 allowed, to set how long a spec may take. It gets the one that runs the specs.
import jasmineCore from 'jasmine-core';

export const core = (): unknown => jasmineCore.jasmine;
