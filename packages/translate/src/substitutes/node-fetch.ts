/** TensorFlow.js requires `node-fetch` where Node has no `fetch`, i.e. never in the supported versions. */
export default globalThis.fetch;
