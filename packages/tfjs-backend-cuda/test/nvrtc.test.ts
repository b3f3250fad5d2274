import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compile } from '../src/driver.js';

/** Where scripts/setup-cuda.sh puts NVRTC. Without it, only the missing library is tested. */
const nvrtc = fileURLToPath(new URL('../build/libraries/nvidia/cuda_nvrtc/lib/libnvrtc.so.12', import.meta.url));
/** Under AddressSanitizer NVRTC does not find its other library: the sanitizer loads it in its place. */
const hasCompiler = existsSync(nvrtc) && process.env.TFJS_CUDA_EMULATION_FOLDER === undefined;
const includes = [fileURLToPath(new URL('../cu', import.meta.url))];

describe('compiling a kernel', () => {
  const source = { name: 'test.cu', architecture: 'sm_80', includes };

  test('without NVRTC is an error that names the library', () => {
    const call = (): unknown => compile({ library: 'libnvrtc-missing.so', source: '', ...source });
    expect(call).toThrow('compile: libnvrtc-missing.so: cannot open shared object file');
  });

  test.runIf(hasCompiler)('gives machine code and the resources of the kernel', () => {
    const text = '#include "portable.h"\nKERNEL(twice, (float* x)) { x[threadIdx.x] *= 2.f; }\n';
    const { cubin, log } = compile({ library: nvrtc, source: text, ...source });
    expect(String.fromCharCode(...cubin.subarray(1, 4))).toBe('ELF');
    expect(log).toMatch(/Compiling entry function 'twice' for 'sm_80'[\s\S]*Used \d+ registers/);
  });

  test.runIf(hasCompiler)('shows the messages of the compiler', () => {
    const call = (): unknown => compile({ library: nvrtc, source: 'int x = "text";', ...source });
    expect(call).toThrow(/^compile: test\.cu does not compile for sm_80:\ntest\.cu\(1\): error/);
  });
});
