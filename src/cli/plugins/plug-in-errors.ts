import { dirname, resolve, sep } from 'node:path';
import { UserError } from '../../errors.js';

/** Frames that an error keeps where plug-ins run: below theirs lie those of TensorFlow.js and of the trainer. */
export const PLUGIN_STACK_FRAMES = 60;

/** Whether a file's name is that of a module. */
export const isModule = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/** What went wrong, in one line. */
export function firstLine(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause).split('\n')[0]!;
  const message = cause.message.split('\n')[0]!.trim();
  return cause.name === 'Error' ? message : `${cause.name}: ${message}`;
}

/** The innermost `FILE:LINE` in a folder that an error names, in its message (the parser) or its stack; null = none. */
export function placeIn(folder: string, cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const start = folder.endsWith(sep) ? folder : folder + sep;
  const lines = `${cause.message}\n${cause.stack ?? ''}`.split('\n');
  const own = lines.find((line) => line.includes(start) && /:\d+:\d+\)?$/.test(line));
  return own === undefined ? null : own.slice(own.indexOf(start)).replace(/:\d+\)?$/, '');
}

/** An error that came out of the code in --user-dir as one that says where; any other as it is. */
export function blamePlugin(userDir: unknown, error: unknown): unknown {
  if (typeof userDir !== 'string' || error instanceof UserError) return error;
  const path = resolve(userDir);
  const place = placeIn(isModule(path) ? dirname(path) : path, error);
  if (place === null) return error;
  return new UserError(`--user-dir: ${place}: ${firstLine(error)}`, 'fix it there', { cause: error });
}
