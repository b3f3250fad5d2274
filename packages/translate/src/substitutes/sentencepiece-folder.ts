/** The sources of the add-on for SentencePiece, seen from the folder of the bundle, and the place where it is compiled. */
export const packageFolder = new URL('./native/sentencepiece-native/', import.meta.url);
