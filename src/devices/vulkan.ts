import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a search for Vulkan's drivers depends on. */
export interface VulkanSurroundings {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly hasLoader: () => boolean;
}

/** The environment of this process. */
export const surroundings: VulkanSurroundings = {
  platform: process.platform,
  env: process.env,
  hasLoader: () => {
    try {
      process.dlopen({ exports: {} }, 'libvulkan.so.1');
    } catch (error) {
      // A library that is there, but is no add-on, "did not self-register".
      return !(error as Error).message.includes('cannot open shared object file');
    }
    return true;
  },
};

/** Why WebGPU has no adapter: what of Vulkan is missing. */
export function whyNoAdapter({ platform, env, hasLoader }: VulkanSurroundings = surroundings): string {
  if (platform !== 'linux') return 'there is no GPU that Dawn can use';
  if (!hasLoader()) return 'libvulkan.so.1 is not installed';
  const drivers = vulkanDrivers(env);
  if (drivers.length === 0) return 'no Vulkan driver is installed';
  return `no GPU that Dawn can use under the Vulkan drivers ${drivers.join(', ')}`;
}

/** The manifests that Vulkan's loader reads: those named by a variable, else all in the folders for them. */
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
