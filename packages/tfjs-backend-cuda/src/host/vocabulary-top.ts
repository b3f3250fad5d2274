import { float, int, pointer } from '../launch.js';
import type { Address, HostDevice } from './host-device.js';

const THREADS = 256;

/**
 * The `width` most likely classes of each row: log p = log softmax(logits / temperature) plus the penalty of the class,
 * best first, equal ones in ascending order of classes; then the classes. NaN is above all numbers.
 */
export function vocabularyTop(
  device: HostDevice,
  args: {
    readonly logits: Address; // [rows, classes]
    readonly penalties: Address | null; // [classes]
    readonly table: Address; // [rows, 2 · width]
    readonly rows: number;
    readonly classes: number;
    readonly width: number; // 1 to classes
    readonly temperature: number;
  },
): void {
  const { logits, penalties, table, rows, classes, width, temperature } = args;
  if (rows === 0) return;
  device.launcher.launch(device.modules.kernel('vocabulary-top', 'vocabulary_top'), { grid: rows, block: THREADS }, [
    ...[logits, penalties ?? 0, table].map(pointer),
    ...[classes, width].map(int),
    float(temperature),
  ]);
}
