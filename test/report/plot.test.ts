import { describe, expect, it } from 'vitest';
import { legendOf } from '../../src/report/figure.js';
import { dotPlot, linePlot } from '../../src/report/plot.js';

const [entry] = legendOf(['ce']) as [ReturnType<typeof legendOf>[number]];
const axes = { title: 'loss', xLabel: 'epoch', yLabel: 'loss' };
const falling = [1, 2, 3, 4].map((x) => [x, 10 / x] as const);

describe('linePlot', () => {
  it('draws the same bytes every time, also with lines that are cut', () => {
    const draw = () => linePlot({ ...axes, top: 6, lines: [{ entry, weight: 'thick', points: falling }] }).svg;
    const svg = draw();
    expect(svg).toContain('clipPath');
    expect(draw()).toBe(svg);
  });

  it('gives the clip paths of different drawings different names', () => {
    const idOf = (top: number) =>
      /id="(clip-[0-9a-f]+)"/.exec(
        linePlot({ ...axes, top, lines: [{ entry, weight: 'thin', points: falling }] }).svg,
      )![1];
    expect(idOf(6)).not.toBe(idOf(7));
  });

  it('draws thick lines over thin ones, and a dot for a single point', () => {
    const thin = { entry, weight: 'thin', points: falling } as const;
    const { svg } = linePlot({ ...axes, lines: [{ ...thin, weight: 'thick' }, thin, { ...thin, points: [[2, 5]] }] });
    expect(svg.lastIndexOf('stroke-width="0.75"')).toBeLessThan(svg.indexOf('stroke-width="2.25"'));
    expect(svg.match(/<circle/g)).toHaveLength(1);
  });

  it('puts points where the axes say', () => {
    const { svg } = linePlot({
      ...axes,
      xDomain: [0, 1],
      yDomain: [0, 1],
      hasDots: true,
      lines: [
        {
          entry,
          weight: 'thick',
          points: [
            [0, 0],
            [0.5, 1],
          ],
        },
      ],
    });
    const [first, second] = [...svg.matchAll(/<circle[^>]*>/g)].map(([circle]) => ({
      x: Number(/cx="([^"]*)"/.exec(circle)![1]),
      y: Number(/cy="([^"]*)"/.exec(circle)![1]),
    }));
    expect(second!.x).toBe((first!.x + 400) / 2);
    expect(second!.y).toBeLessThan(first!.y);
  });

  it('marks whole numbers only on an axis that counts', () => {
    const { svg } = linePlot({
      ...axes,
      hasWholeX: true,
      lines: [
        {
          entry,
          weight: 'thin',
          points: [
            [1, 1],
            [2, 1],
          ],
        },
      ],
    });
    expect(svg).toMatch(/x-axis tick label.*>1<.*>2</);
    expect(svg).not.toContain('>1.5<');
  });
});

describe('dotPlot', () => {
  it('escapes names', () => {
    const { svg } = dotPlot({
      title: '',
      xLabel: 'BLEU',
      rows: [{ name: '<script>&', color: '#000', dots: [1, 2], center: 1.5, interval: [1, 2] }],
    });
    expect(svg).toContain('&lt;script&gt;&amp;');
    expect(svg).not.toContain('<script');
  });
});
