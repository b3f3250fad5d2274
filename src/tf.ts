/**
 * The one place that names the tensor library, beside `lazy-tf.ts` for those who import ts-fairseq. TensorFlow.js's Node
 * build registers gradients and the plain CPU backend; a browser bundle resolves the same name to its ES modules.
 * Everything else imports from here.
 */
export * from '@tensorflow/tfjs';
