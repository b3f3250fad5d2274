/** The sources of the add-on for oneDNN, seen from the folder of the bundle, and the place where it is compiled. */
export const packageFolder = new URL('./native/tfjs-backend-onednn/', import.meta.url);
