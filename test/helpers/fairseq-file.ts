import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { newState } from '../../src/checkpoint/fairseq/new-state.js';
import { Budget } from '../../src/checkpoint/fairseq/plain-data.js';
import { toTypedJson } from '../../src/checkpoint/fairseq/python-json.js';
import type { Checkpoint } from '../../src/checkpoint/stored-checkpoint.js';

const noTensors = (): never => {
  throw new Error('there is none');
};

/** Saves a checkpoint as fairseq would, without the metadata that only ts-fairseq writes. @returns its path */
export function saveAsFairseq(path: string, { metadata, weights, optimizer }: Checkpoint): string {
  const state = new Map([...newState(metadata), ['last_optimizer_state', null]]);
  const fairseq = { state: toTypedJson(state, noTensors, new Budget(Error)), precision: 'F32' };
  saveCheckpoint(path, { metadata: { ...metadata, fairseq }, weights, optimizer });
  return path;
}
