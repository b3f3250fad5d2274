// What a file of cu/ promises of its kernels, in lines of their own, and whether its machine code keeps it. A line can except a
// kernel: `// tensor cores, except in NAME`.

/** By the line of the promise: the instructions that every kernel has, by their names in machine code. */
const INSTRUCTIONS = {
  'tensor cores': { HMMA: 'a matrix product of tensor cores', LDSM: 'a load of matrices for tensor cores' },
  'asynchronous copies': { LDGSTS: 'an asynchronous copy to shared memory' },
};

/** The line of a promise in a file, with the kernel that it excepts; null if the file does not make it. */
const lineOf = (source, promise) => new RegExp(`^// ${promise}(?:, except in (?<except>\\w+))?$`, 'm').exec(source);

const makes = (source, promise) => lineOf(source, promise) !== null;

/** Whether the promises of a file can only be checked in the disassembled code. */
export const needsDisassembly = (source) => Object.keys(INSTRUCTIONS).some((promise) => makes(source, promise));

/** The kernels in ptxas's log, with their registers and the bytes that they spill. */
export function resources(log) {
  const blocks = log.split(/Compiling entry function '/).slice(1);
  return blocks.map((block) => ({
    kernel: block.slice(0, block.indexOf("'")),
    registers: Number(/Used (\d+) registers/.exec(block)?.[1]),
    spilled: Number(/(\d+) bytes spill stores/.exec(block)?.[1] ?? 0),
    stack: Number(/(\d+) bytes stack frame/.exec(block)?.[1] ?? 0),
  }));
}

/** The code of each kernel in the output of nvdisasm. */
function codeOfKernels(disassembly) {
  const [, ...sections] = disassembly.split(/^\.text\.(?=\w+:$)/m);
  return new Map(
    sections.map((section) => [section.slice(0, section.indexOf(':')), section.split(/^\t?\.section/m)[0]]),
  );
}

/**
 * The promises of a file that its kernels break, one text each.
 * @param log ptxas's
 * @param disassembly nvdisasm's output, if `needsDisassembly`
 */
export function brokenPromises(source, log, disassembly) {
  const kernels = resources(log);
  const spilling = makes(source, 'no spills') ? kernels.filter(({ spilled }) => spilled > 0) : [];
  const problems = spilling.map(({ kernel }) => `${kernel} spills`);
  if (!needsDisassembly(source)) return problems;
  const code = codeOfKernels(disassembly);
  for (const [promise, instructions] of Object.entries(INSTRUCTIONS)) {
    const line = lineOf(source, promise);
    if (line === null) continue;
    for (const { kernel } of kernels.filter(({ kernel }) => kernel !== line.groups.except)) {
      for (const [instruction, description] of Object.entries(instructions)) {
        if (!new RegExp(`\\b${instruction}\\b`).test(code.get(kernel) ?? '')) {
          problems.push(`${kernel} lacks ${description} (${instruction})`);
        }
      }
    }
  }
  return problems;
}
