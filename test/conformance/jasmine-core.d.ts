// The part of jasmine-core that is used. The package has no types.
declare module 'jasmine-core' {
  interface Environment {
    configure(configuration: { readonly random: boolean; readonly forbidDuplicateNames: boolean }): void;
    addReporter(reporter: object): void;
    execute(): Promise<unknown>;
  }
  const jasmineCore: {
    readonly jasmine: { getEnv(): Environment };
    /** Makes `describe`, `it`, `expect` and the others global. */
    installGlobals(): void;
  };
  export default jasmineCore;
}
