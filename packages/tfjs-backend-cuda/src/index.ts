export { type DeviceInfo, Driver, listDevices } from './driver.js';
export { float, int, Launcher, pointer } from './launch.js';
export { emulatedDriver, Modules } from './modules.js';
