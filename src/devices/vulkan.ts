import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The environment in which Vulkan drivers are searched. */
export interface VulkanEnvironment {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly hasLoader: () => boolean;
}

/** The environment of this process. */
export const vulkanEnvironment: VulkanEnvironment = {
  platform: process.platform,
  env: process.env,
  hasLoader: () => {
    try {
      process.dlopen({ exports: {} }, 'libvulkan.so.1');
    } catch (error) {
      // For a library that exists but is not an add-on, the message is "did not self-register".
      return !(error as Error).message.includes('cannot open shared object file');
    }
    return true;
  },
};

/** Explains why WebGPU has no adapter: which part of Vulkan is missing. */
export function whyNoAdapter({ platform, env, hasLoader }: VulkanEnvironment = vulkanEnvironment): string {
  if (platform !== 'linux') return 'there is no GPU that Dawn can use';
  if (!hasLoader()) return 'libvulkan.so.1 is not installed';
  const drivers = vulkanDrivers(env);
  if (drivers.length === 0) return 'no Vulkan driver is installed';
  return `no GPU that Dawn can use under the Vulkan drivers ${drivers.join(', ')}`;
}

/**
 * The manifests that the Vulkan loader reads: those in an environment variable, otherwise all in the standard folders.
 */
function vulkanDrivers({
  VK_DRIVER_FILES,
  VK_ICD_FILENAMES,
  XDG_DATA_HOME,
  XDG_DATA_DIRS,
}: NodeJS.ProcessEnv): string[] {
  const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  if (named !== undefined) return named.split(delimiter).filter((file) => existsSync(file));
  const shared = (XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(delimiter);
  const folders = ['/etc', '/usr/local/etc', XDG_DATA_HOME ?? join(homedir(), '.local/share'), ...shared]
    .map((folder) => join(folder, 'vulkan/icd.d'))
    .filter((folder) => existsSync(folder));
  return folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
}
