// What is used of jasmine-core, which comes without types.
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
