import type { Parameter, Signature } from '../src/addon.js';

/** The shape of an array, after the count of arrays if there are several; the range of a number. */
function comment({ shape, count, range }: Parameter): string {
  if (shape.length === 0) return range;
  return `${count.map((axis) => `${axis} arrays `)}[${shape.join(', ')}]`;
}

const typeOf = ({ type, nullable }: Parameter): string => `${type}${nullable ? ' | null' : ''}`;

function field(parameter: Parameter): string {
  const said = comment(parameter);
  return `    ${parameter.name}: ${typeOf(parameter)};${said === '' ? '' : ` // ${said}`}`;
}

function method({ name, parameters, result }: Signature): string {
  const [first, ...others] = parameters;
  if (first === undefined) return `  ${name}(): ${result};`;
  if (others.length === 0) return `  ${name}(${first.name}: ${typeOf(first)}): ${result};`;
  return [`  ${name}(args: {`, ...parameters.map(field), `  }): ${result};`].join('\n');
}

/** The TypeScript types of functions with these signatures: src/addon-functions.ts. */
export const addonFunctions = (
  signatures: readonly Signature[],
): string => `// Written by test/addon-signatures.test.ts from the signatures in cc/addon.cc:
//   npx vitest run packages/tfjs-backend-onednn/test/addon-signatures.test.ts --update

/** The functions of the add-on. The headers in cc/kernels say what they compute. */
export interface AddonFunctions {
${signatures.map(method).join('\n')}
}
`;
