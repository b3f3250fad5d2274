import { UserError } from '../errors.js';

/**
 * The error for a batch that does not fit into the memory of a GPU; null for any other error.
 * @param maxTokens of --max-tokens, if the command has it
 */
export function outOfMemory(error: unknown, maxTokens: number | null = null): UserError | null {
  if (!(error instanceof Error)) return null;
  // Modules, launches and buffers for copies fail with the driver's own error once tensors fill the GPU.
  const isOfDriver = 'code' in error && error.code === 'CUDA_ERROR_OUT_OF_MEMORY';
  if (error.name !== 'OutOfDeviceMemory' && !isOfDriver) return null;
  const remedy =
    maxTokens === null
      ? 'lower --max-tokens or --batch-size'
      : `lower --max-tokens, e.g. to ${Math.max(1, Math.floor(maxTokens / 2))}; --update-freq 2 keeps the size of an update`;
  return new UserError(error.message, remedy, { cause: error });
}
