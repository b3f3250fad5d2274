/** The name in front of messages of the program. */
export const programName = 'ts-fairseq';

/** What a user types to run a command. */
export const commandLine = (command: string): string => `${programName} ${command}`;
