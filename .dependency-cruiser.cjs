/** Imports point in one direction; ARCHITECTURE.md describes it. */
const nodeFree =
  '^(models|criterions|src/(nn|ops|plugins|scoring|search|tf)/(?!library\\.ts)|src/(errors|log)\\.ts|packages/sacrebleu-ts/src/(?!cli/))';

/** Forbids imports from `from` to any file of this repository that does not match `to`. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(bin|src|criterions|models|packages)/', pathNot: to },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only(
      'plug-ins-see-contracts-only',
      '^(criterions|models)/',
      '^(criterions|models|src/(plugins|nn|ops|options|tf)/|src/(errors|log)\\.ts|src/optim/(parameter-store|arena-kernels)\\.ts)',
    ),
    only(
      'plugins-are-pure',
      '^src/plugins/',
      '^src/(plugins|options|ops|tf)/|^src/(errors|log)\\.ts|^src/optim/(parameter-store|arena-kernels)\\.ts',
    ),
    only('ops-stand-alone', '^src/ops/', '^src/(ops/|tf/|errors\\.ts)'),
    only(
      'nn-stands-on-ops',
      '^src/nn/',
      '^src/(nn|ops|plugins|options|tf)/|^src/(errors|log)\\.ts|^src/optim/(parameter-store|arena-kernels)\\.ts',
    ),
    only(
      'analysis-works-on-rows',
      '^src/analysis/',
      '^src/(analysis|ops|nn|optim|options|plugins|tf)/|^src/data/mersenne-twister\\.ts|^src/(errors|log)\\.ts',
    ),
    only('data-knows-text-only', '^src/data/', '^src/(data|text|threads|options|plugins)/|^src/(errors|log)\\.ts'),
    only('text-stands-alone', '^src/text/', '^src/(text|plugins)/|^src/(errors|log)\\.ts'),
    only(
      'report-reads-results-only',
      '^src/report/',
      '^src/(report|experiments|analysis|options|text)/|^src/(errors|log)\\.ts|^packages/sacrebleu-ts/',
    ),
    {
      name: 'only-the-command-line-reports',
      severity: 'error',
      from: { path: '^(src|criterions|models|packages)/', pathNot: '^src/(cli|report)/' },
      to: { path: '^src/report/' },
    },
    only('packages-stand-alone', '^packages/(?!translate/)([^/]+)/', '^packages/$1/'),
    {
      name: 'nothing-stands-on-the-package-that-translates',
      severity: 'error',
      from: { pathNot: '^packages/translate/' },
      to: { path: '^packages/translate/' },
    },
    {
      name: 'libraries-do-not-know-the-command-line',
      severity: 'error',
      from: { path: '^(src/(?!cli/)|criterions|models|packages/(?!translate/)[^/]+/src/(?!cli/))' },
      to: { path: '^(src/cli|bin|packages/[^/]+/(src/cli|bin))/' },
    },
    {
      name: 'nothing-stands-on-benchmarks',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { path: '^bench/' },
    },
    {
      name: 'runs-in-a-browser',
      comment:
        'models, criterions, nn, ops, plugins, scoring, search and sacrebleu-ts without its cli import no module of Node',
      severity: 'error',
      from: { path: nodeFree },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'one-door-to-tensors',
      severity: 'error',
      from: { path: '^(src|criterions|models)/', pathNot: '^src/(tf|devices)/' },
      to: { path: 'node_modules/@tensorflow' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|criterions|models)/', pathNot: '\\.(d|as|browser)\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    exclude: { path: '(^|/)dist/' },
  },
};
