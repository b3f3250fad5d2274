/** The style sheet of a report: one column for the screen, narrow screens and paper. */
export const STYLE = `
:root { color-scheme: light; --rule: #c9ced6; --soft: #f4f6f8; --quiet: #57606a; --link: #0b5cad; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1c2128; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.25; }
h2 { margin: 3rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); font-size: 1.3rem; }
h3 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .95rem; }
a { color: var(--link); }
p { margin: .75rem 0; max-width: 46rem; }
p.lead { max-width: none; margin: .75rem 0 1.25rem; font-size: 1.15rem; line-height: 1.45; }
p.warning { max-width: none; padding: .5rem .75rem; border-left: 4px solid #d55e00; background: #fdf3ec; }
p.note, .notes { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
nav { margin: 1.5rem 0 0; font-size: .9rem; }
nav a { display: inline-block; margin-right: 1rem; }
code { font: .86em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.caption, figcaption { margin: 1.5rem 0 .4rem; max-width: none; font-weight: 600; font-size: .92rem; }
.scroll { overflow-x: auto; margin: 0 0 1.25rem; }
table { border-collapse: collapse; border-top: 2px solid #1c2128; border-bottom: 2px solid #1c2128; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; font-weight: normal; }
th:first-child { padding-left: .25rem; }
thead th { border-bottom: 1px solid #1c2128; vertical-align: bottom; font-weight: 600; }
tbody tr + tr > * { border-top: 1px solid #e6e9ed; }
.number { text-align: right; }
.notes { margin: -.75rem 0 1.25rem; }
.notes p { margin: .15rem 0; max-width: none; }
figure { margin: 1.5rem 0; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .35rem 0 .25rem; padding: 0; list-style: none; font-size: .9rem; }
.legend svg { display: inline-block; width: 28px; height: 10px; margin-right: .4rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .75rem 1.5rem; }
.panels.wide { grid-template-columns: 1fr; }
.panel-title { margin: .5rem 0 0; font-size: .88rem; color: var(--quiet); }
.panel svg { display: block; width: 100%; height: auto; overflow: visible; }
.panels:not(.wide) .panel { max-width: 30rem; }
.example { margin: 1rem 0; padding: .5rem .75rem; background: var(--soft); border-radius: 4px; }
.example h4 { margin: 0 0 .25rem; color: var(--quiet); font-size: .85rem; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: 0; font-size: .93rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
mark { background: #ffe2a8; color: inherit; border-radius: 2px; padding: 0 .1em; }
@media (max-width: 40rem) {
  main { padding: 1rem .9rem 3rem; }
  p.lead { font-size: 1.05rem; }
  th, td { padding: .3rem .5rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; }
}
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  h2, h3, h4, .caption, figcaption { break-after: avoid; }
  h2.section { break-before: page; }
  figure, table, tr, .example, .panel { break-inside: avoid; }
  .notes { break-before: avoid; }
  p.lead { font-size: 12pt; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: .2rem .4rem; }
  .panels:not(.wide) { grid-template-columns: 1fr 1fr; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
