import * as echarts from 'echarts';

/** Draws a chart, described as ECharts describes it, to SVG text; no browser is needed. Sizes in pixels. */
export function svg(option: Record<string, unknown>, width = 640, height = 400): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    grid: { left: 64, right: 24, top: 56, bottom: 56 },
    ...option,
  });
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}
