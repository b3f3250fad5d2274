import { type Profiler, Session } from 'node:inspector';

/** Milliseconds by the name of a part of the program. */
export type Shares = ReadonlyMap<string, number>;

/** A part of the program: what its functions' files or names match. */
export interface Part {
  readonly name: string;
  readonly pattern: RegExp;
}

/** Records where V8 spends the time of this process, until the returned function is called. */
export function startCpuProfile(): () => Profiler.Profile {
  const session = new Session();
  session.connect();
  // In the same thread, a session calls back before `post` returns.
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 100 }); // microseconds
  session.post('Profiler.start');
  return () => {
    let profile: Profiler.Profile | null = null;
    session.post('Profiler.stop', (error, result) => {
      if (error !== null) throw error;
      profile = result.profile;
    });
    session.disconnect();
    if (profile === null) throw new Error('the inspector gave no profile');
    return profile;
  };
}

/**
 * The time of each part: of the functions whose file, or whose name if they have no file, matches its pattern first.
 * Idle time does not count.
 * @param rest the name of what matches no pattern
 */
export function timeByPart(profile: Profiler.Profile, parts: readonly Part[], rest: string): Shares {
  const partOf = new Map<number, string | null>(); // by node
  for (const { id, callFrame } of profile.nodes) {
    const place = callFrame.url === '' ? callFrame.functionName : callFrame.url;
    partOf.set(id, place === '(idle)' ? null : (parts.find(({ pattern }) => pattern.test(place))?.name ?? rest));
  }
  const shares = new Map([...parts.map(({ name }) => name), rest].map((name) => [name, 0]));
  const { samples = [], timeDeltas = [] } = profile;
  for (const [index, node] of samples.entries()) {
    const name = partOf.get(node) ?? null;
    if (name !== null) shares.set(name, shares.get(name)! + timeDeltas[index]! / 1000);
  }
  return shares;
}
