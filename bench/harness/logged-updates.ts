import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** An update as the log of `ts-fairseq train --log-interval 1 --log-format json` reports it. */
export interface LoggedUpdate {
  readonly seconds: number;
  readonly targetTokens: number;
}

/** What the log of a training says. */
export interface TrainingLog {
  readonly updates: readonly LoggedUpdate[];
  readonly parameters: number;
}

/**
 * Runs a training and reads its log.
 * @param command the program and its arguments, without options of the log
 * @throws Error with the end of the log if the command fails
 */
export async function loggedTraining(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<TrainingLog> {
  const [program, ...argv] = [...command, '--log-interval', '1', '--log-format', 'json'];
  const child = spawn(program!, argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const exit = once(child, 'close');
  const [lines, updates]: [string[], LoggedUpdate[]] = [[], []];
  let parameters = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    parameters = Number(/([\d,]+) parameters;/.exec(line)?.[1]?.replaceAll(',', '') ?? parameters);
    const json = /\| train_inner \| (\{.*\})$/.exec(line)?.[1];
    if (json === undefined) continue;
    const { wps, wpb } = JSON.parse(json) as { readonly wps?: string; readonly wpb: string };
    if (wps !== undefined && Number(wps) > 0) {
      updates.push({ seconds: Number(wpb) / Number(wps), targetTokens: Number(wpb) });
    }
  }
  const [status] = (await exit) as [number | null];
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${lines.slice(-20).join('\n')}`);
  return { updates, parameters };
}
