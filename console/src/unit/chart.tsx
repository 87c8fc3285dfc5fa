import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatMinute } from '../format/times.ts';
import { alignSeries, type Points } from './align-series.ts';

export interface Line {
  readonly name: string;
  readonly points: Points;
}

/** An instant marked across the chart, in its severity's colour. */
export interface ChartMark {
  readonly atMs: number;
  readonly color: string;
}

interface ChartProps {
  readonly label: string;
  readonly lines: readonly Line[];
  readonly marks: readonly ChartMark[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Silence of more than this breaks a line. */
  readonly gapMs: number;
  readonly language: string;
  readonly format: (value: number) => string;
}

/** Colours that stay apart for colour-blind eyes; lines differ in their dashes as well. */
export const LINE_LOOKS = [
  { color: '#0b5563', dash: [] },
  { color: '#c2570c', dash: [7, 4] },
  { color: '#6b3fa0', dash: [2, 3] },
  { color: '#2f6f1f', dash: [10, 4, 2, 4] },
  { color: '#a3195b', dash: [4, 2] },
] as const;

const HEIGHT = 180;
const FONT = '12px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** Lines of one unit of measure over time. The picture is new when what it shows changes; data slides in. */
export function Chart(props: ChartProps) {
  const { label, lines, language } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const shape = `${language} ${lines.map(({ name }) => name).join('\n')}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is all that the picture is built from
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const chart = new uPlot(optionsOf(latest, element.clientWidth), dataOf(latest.current), element);
    plot.current = chart;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(dataOf(props));
  }, [props]);

  return <div ref={host} className="chart" role="img" aria-label={label} />;
}

function dataOf({ lines, gapMs }: ChartProps): uPlot.AlignedData {
  const { timesMs, rows } = alignSeries(
    lines.map(({ points }) => points),
    gapMs,
  );
  return [timesMs.map((ms) => ms / 1_000), ...rows];
}

function optionsOf(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { lines, language } = latest.current;
  const axis = {
    font: FONT,
    stroke: '#566a73',
    grid: { stroke: '#e7edef', width: 1 },
    ticks: { show: false },
  };
  const value = (_chart: uPlot, reading: number | null) =>
    reading === null || reading === undefined ? '–' : latest.current.format(reading);
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, sync: { key: 'unit' }, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => [latest.current.fromMs / 1_000, latest.current.toMs / 1_000] },
      y: { range: (_chart, min, max) => paddedRange(min, max) },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 30,
        values: (_chart, seconds) => seconds.map((each) => formatMinute(each * 1_000, language)),
      },
      { ...axis, size: 56 },
    ],
    series: [
      {},
      ...lines.map(({ name }, index): uPlot.Series => {
        const { color, dash } = lookOf(index);
        return { label: name, stroke: color, width: 1.8, dash: [...dash], points: { show: false }, value };
      }),
    ],
    hooks: { draw: [(chart) => drawMarks(chart, latest.current.marks)], setCursor: [showReadings(latest)] },
  };
}

export function lookOf(index: number): { readonly color: string; readonly dash: readonly number[] } {
  return LINE_LOOKS[index % LINE_LOOKS.length] ?? LINE_LOOKS[0];
}

function paddedRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const pad = Math.max((max - min) * 0.12, Math.abs(max) * 0.01, 0.5);
  return [min >= 0 && min - pad < 0 ? 0 : min - pad, max + pad];
}

function drawMarks(chart: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = chart;
  const px = window.devicePixelRatio;
  ctx.save();
  for (const { atMs, color } of marks) {
    const x = Math.round(chart.valToPos(atMs / 1_000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.lineWidth = 1.5 * px;
    ctx.setLineDash([5 * px, 4 * px]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 5 * px, bbox.top);
    ctx.lineTo(x + 5 * px, bbox.top);
    ctx.lineTo(x, bbox.top + 8 * px);
    ctx.fill();
  }
  ctx.restore();
}

/** What the pointed-at instant read, in a small box that follows the cursor. */
function showReadings(latest: { readonly current: ChartProps }) {
  return (chart: uPlot) => {
    const box =
      chart.over.querySelector('.chart-tip') ?? chart.over.appendChild(document.createElement('div'));
    box.className = 'chart-tip';
    const { idx, left = -1 } = chart.cursor;
    const seconds = typeof idx === 'number' ? chart.data[0][idx] : undefined;
    if (seconds === undefined || left < 0) {
      box.textContent = '';
      return;
    }
    const { lines, format, language } = latest.current;
    const readings = lines.flatMap(({ name }, index) => {
      const reading = newestAt(chart.data[index + 1], idx ?? 0);
      return reading === undefined ? [] : [`${name}: ${format(reading)}`];
    });
    box.textContent = [formatMinute(seconds * 1_000, language), ...readings].join('\n');
    box.classList.toggle('left', left > chart.over.clientWidth / 2);
  };
}

/** The value at this place or the last one before it on the same stretch of line. */
function newestAt(values: uPlot.AlignedData[number] | undefined, from: number): number | undefined {
  for (let index = from; index >= 0; index -= 1) {
    const value = values?.[index];
    if (value === null) return undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}
