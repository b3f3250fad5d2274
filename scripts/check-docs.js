/**
 * Fails if an export has no docstring. Checks every export of src, criterions and models, everything that the packages' entry
 * points export, and the public members of what any entry point exports. Also accepts:
 * - a comment at the end of a declaration's line, where shapes and units are written;
 * - the `summary` or `description` of a `define…({ … })`, which `--help` prints;
 * - names of another library, as in `export const { add } = …` below a comment or `export const add = late('add')`;
 * - a member that overrides another.
 * Part of `npm run check`.
 *   node scripts/check-docs.js
 */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const PROJECTS = {
  '.': ['src/index.ts', 'src/index-nn.ts'],
  'packages/mpi-native': ['src/index.ts', 'src/local-world.ts'],
  'packages/sacrebleu-ts': ['src/index.ts', 'src/python-text.ts'],
  'packages/sentencepiece-native': ['src/index.ts'],
  'packages/tfjs-backend-onednn': ['src/index.ts', 'src/search.ts'],
};

const HIDDEN = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Override;

const pathOf = (node) => relative(root, node.getSourceFile().fileName);

/** `FILE:LINE` of a declaration. */
function placeOf(declaration) {
  const source = declaration.getSourceFile();
  return `${pathOf(declaration)}:${source.getLineAndCharacterOfPosition(declaration.getStart()).line + 1}`;
}

/** Whether a comment follows the declaration on its last line. */
function hasTrailingComment(declaration) {
  const { text } = declaration.getSourceFile();
  return /^[;,]?[ \t]*\/[/*]/.test(text.slice(declaration.end, text.indexOf('\n', declaration.end)));
}

/** Whether the declaration is `NAME = define…({ summary: …, … })`. */
function hasSummary({ initializer }) {
  const definition = initializer && ts.isCallExpression(initializer) ? initializer.arguments[0] : undefined;
  if (definition === undefined || !ts.isObjectLiteralExpression(definition)) return false;
  return definition.properties.some(({ name }) => ['summary', 'description'].includes(name?.getText()));
}

/** Whether the declaration is `NAME = FUNCTION('NAME')`, or part of `export const { … } = …` below a comment. */
function isReexport(declaration) {
  if (ts.isBindingElement(declaration)) {
    const statement = ts.findAncestor(declaration, ts.isVariableStatement);
    return ts.getLeadingCommentRanges(statement.getSourceFile().text, statement.pos) !== undefined;
  }
  const { initializer, name } = declaration;
  const argument = initializer && ts.isCallExpression(initializer) ? initializer.arguments[0] : undefined;
  return argument !== undefined && ts.isStringLiteral(argument) && argument.text === name.getText();
}

/** Whether a member is private, a type parameter, overrides another, or is a discriminant such as `kind: 'criterion'`. */
const isExempt = (declaration) =>
  (ts.getCombinedModifierFlags(declaration) & HIDDEN) !== 0 ||
  ts.isPrivateIdentifier(declaration.name) ||
  ts.isTypeParameterDeclaration(declaration) ||
  (declaration.type !== undefined && ts.isLiteralTypeNode(declaration.type));

/** The exports and members of one TypeScript project that have no docstring, each as `FILE:LINE: NAME`. */
function* findUndocumented(project, entryPoints) {
  const folder = join(root, project);
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const isDocumented = (symbol) =>
    symbol.getDocumentationComment(checker).length > 0 ||
    symbol.getJsDocTags(checker).length > 0 ||
    symbol.declarations.some((one) => hasTrailingComment(one) || hasSummary(one) || isReexport(one));

  function* findMembers(symbol) {
    const [{ type }] = symbol.declarations;
    const tables = [symbol.members];
    if (symbol.flags & ts.SymbolFlags.Class) tables.push(symbol.exports);
    if (symbol.flags & ts.SymbolFlags.TypeAlias && ts.isTypeLiteralNode(type)) tables.push(type.symbol.members);
    for (const member of tables.flatMap((table) => [...(table?.values() ?? [])])) {
      const declaration = member.declarations?.[0];
      if (declaration?.name === undefined || isExempt(declaration)) continue;
      if (!isDocumented(member)) yield `${placeOf(declaration)}: ${symbol.name}.${member.name}`;
    }
  }

  for (const fileName of fileNames) {
    const isEntryPoint = entryPoints.includes(relative(folder, fileName));
    if (!isEntryPoint && project !== '.') continue;
    const module = checker.getSymbolAtLocation(program.getSourceFile(fileName));
    const exported = module === undefined ? [] : checker.getExportsOfModule(module).map(resolve);
    for (const symbol of exported) {
      const declaration = symbol.declarations?.[0];
      if (declaration === undefined || declaration.getSourceFile().isDeclarationFile) continue;
      if (!isDocumented(symbol)) yield `${placeOf(declaration)}: ${symbol.name}`;
      if (isEntryPoint) yield* findMembers(symbol);
    }
  }
}

const found = Object.entries(PROJECTS).flatMap(([project, entryPoints]) => [...findUndocumented(project, entryPoints)]);
const undocumented = [...new Set(found)];
for (const name of undocumented) console.error(`${name} has no docstring`);
process.exitCode = undocumented.length === 0 ? 0 : 1;
