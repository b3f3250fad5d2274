/** In the declarations of types, no value is a plug-in: models in TypeScript need the package ts-fairseq. */
export type Plugin = never;
