export function needsDisassembly(source: string): boolean;
export function brokenPromises(source: string, log: string, disassembly: string): string[];
