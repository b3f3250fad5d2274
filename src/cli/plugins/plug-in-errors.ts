import { dirname, resolve, sep } from 'node:path';
import { UserError } from '../../errors.js';

/** Stack frames to keep, so that the frames of a plug-in below those of TensorFlow.js and the trainer are included. */
export const PLUGIN_STACK_FRAMES = 60;

/** Whether a file name is that of a module. */
export const isModule = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/** The first line of an error's message, with the name of its class. */
export function firstLine(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause).split('\n')[0]!;
  const message = cause.message.split('\n')[0]!.trim();
  return cause.name === 'Error' ? message : `${cause.name}: ${message}`;
}

/** The innermost `FILE:LINE` within a folder in an error's message (from the parser) or stack; null if there is none. */
export function placeIn(folder: string, cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const start = folder.endsWith(sep) ? folder : folder + sep;
  const lines = `${cause.message}\n${cause.stack ?? ''}`.split('\n');
  const own = lines.find((line) => line.includes(start) && /:\d+:\d+\)?$/.test(line));
  return own === undefined ? null : own.slice(own.indexOf(start)).replace(/:\d+\)?$/, '');
}

/** An error of the code in --user-dir as a UserError with its place; any other error unchanged. */
export function blamePlugin(userDir: unknown, error: unknown): unknown {
  if (typeof userDir !== 'string' || error instanceof UserError) return error;
  const path = resolve(userDir);
  const place = placeIn(isModule(path) ? dirname(path) : path, error);
  if (place === null) return error;
  return new UserError(`--user-dir: ${place}: ${firstLine(error)}`, 'fix the plug-in', { cause: error });
}
