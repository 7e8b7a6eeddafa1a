import { DAY_MS, MINUTE_MS } from "@moult/base";
import { AxisBottom, AxisLeft } from "@visx/axis";
import { scaleLinear, scaleTime } from "@visx/scale";
import { AreaStack } from "@visx/shape";
import { useId, useState } from "react";
import { count, exactCount } from "../format/number.ts";
import { exactTime } from "../format/time.ts";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";
import type { Tone } from "../ui/tone.ts";
import { useWidth } from "../ui/use-width.ts";
import {
  endedOf,
  seriesIn,
  timelineSentence,
  topOf,
  type TimelinePoint,
} from "./outcome-timeline.ts";

const HEIGHT = 200;
const MARGIN = { top: 8, right: 12, bottom: 26, left: 44 };
const TICK_WIDTH = 130;
/** Below this, instants are told apart by their seconds. */
const SECONDS_SPAN_MS = 20 * MINUTE_MS;

const FILL: Readonly<Record<Tone, string>> = {
  good: "fill-good-fill",
  move: "fill-move-fill",
  wait: "fill-wait-fill",
  warn: "fill-warn-fill",
  bad: "fill-bad-fill",
  quiet: "fill-quiet-fill",
};

/** How the devices ended over time: a picture with its sentence, and the same as a table. */
export function OutcomeChart({
  timeline,
  total,
  opened,
}: {
  readonly timeline: readonly TimelinePoint[];
  readonly total: number;
  /** Devices of the stages that were opened so far. */
  readonly opened: number;
}) {
  const [isTable, setTable] = useState(false);
  const sentence = timelineSentence(timeline, total);
  const top = topOf(timeline, { opened, total });
  const hasResults = timeline.some((point) => endedOf(point) > 0);
  return (
    <Panel
      title="Devices done over time"
      aside={
        hasResults && (
          <Button kind="quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            {isTable ? "Show as a chart" : "Show as a table"}
          </Button>
        )
      }
    >
      <p className="mb-2">
        {sentence}
        {hasResults && !isTable && top < total && (
          <span className="text-soft"> The chart goes up to {exactCount(top)}.</span>
        )}
      </p>
      {hasResults &&
        (isTable ? (
          <TimelineTable timeline={timeline} />
        ) : (
          <Chart timeline={timeline} top={top} sentence={sentence} />
        ))}
    </Panel>
  );
}

function TimelineTable({ timeline }: { readonly timeline: readonly TimelinePoint[] }) {
  return (
    <div className="max-h-80 overflow-y-auto">
      <Table
        caption="Devices done over time"
        rows={timeline}
        keyOf={({ at }) => at}
        columns={[
          {
            key: "at",
            title: "Until",
            cell: ({ at }) => <time dateTime={at}>{exactTime(Date.parse(at))}</time>,
          },
          ...seriesIn(timeline).map(({ key, word }) => ({
            key,
            title: word,
            isNumber: true,
            cell: (point: TimelinePoint) => (
              <>
                {exactCount(point[key])}
                <span className="sm:sr-only"> {word}</span>
              </>
            ),
          })),
        ]}
      />
    </div>
  );
}

interface ChartProps {
  readonly timeline: readonly TimelinePoint[];
  /** Where the axis of devices ends. */
  readonly top: number;
  readonly sentence: string;
}

function Chart({ timeline, top, sentence }: ChartProps) {
  const [measure, width] = useWidth();
  return (
    <div ref={measure} className="min-h-[200px]">
      {width > 0 && <Drawing timeline={timeline} top={top} sentence={sentence} width={width} />}
      <Legend timeline={timeline} />
    </div>
  );
}

function timeParts(spanMs: number): Intl.DateTimeFormatOptions {
  if (spanMs < SECONDS_SPAN_MS) return { timeStyle: "medium" };
  return spanMs < DAY_MS
    ? { timeStyle: "short" }
    : { day: "numeric", month: "short", hour: "2-digit" };
}

/** Evenly, each in the middle of its share: no label is cut at an end. */
const ticksOf = (first: number, last: number, count: number): Date[] =>
  Array.from(
    { length: count },
    (_, index) => new Date(first + ((last - first) * (index + 0.5)) / count),
  );

const timeOf = ({ at }: TimelinePoint): number => Date.parse(at);

function Drawing({ timeline, top, sentence, width }: ChartProps & { readonly width: number }) {
  const hatchId = useId();
  const series = seriesIn(timeline);
  const times = timeline.map(timeOf);
  const first = Math.min(...times);
  const last = Math.max(...times);
  const x = scaleTime({ domain: [first, last], range: [MARGIN.left, width - MARGIN.right] });
  const y = scaleLinear({
    domain: [0, top],
    range: [HEIGHT - MARGIN.bottom, MARGIN.top],
  });
  const timeFormat = new Intl.DateTimeFormat(undefined, timeParts(last - first));
  const tick = { className: "fill-soft text-xs", fontFamily: "inherit" } as const;
  const line = { stroke: "var(--line)", tickStroke: "var(--line)" } as const;
  return (
    <svg role="img" aria-label={sentence} width={width} height={HEIGHT} className="block">
      <defs>
        <Hatch id={hatchId} />
      </defs>
      <AreaStack<TimelinePoint, string>
        data={[...timeline]}
        keys={series.map(({ key }) => key)}
        value={(point, key) => point[key as keyof Omit<TimelinePoint, "at">]}
        x={({ data }) => x(timeOf(data))}
        y0={([low]) => y(low)}
        y1={([, high]) => y(high)}
      >
        {({ stacks, path }) =>
          stacks.map((stack) => {
            const drawn = series.find(({ key }) => key === stack.key);
            const shape = path(stack) ?? "";
            return (
              <g key={stack.key} className="stroke-page">
                <path d={shape} className={FILL[drawn?.tone ?? "wait"]} />
                {drawn?.tone === "bad" && <path d={shape} fill={`url(#${hatchId})`} />}
              </g>
            );
          })
        }
      </AreaStack>
      <AxisLeft
        scale={y}
        left={MARGIN.left}
        numTicks={4}
        tickFormat={(value) => (Number.isInteger(Number(value)) ? count(Number(value)) : "")}
        tickLabelProps={{ ...tick, textAnchor: "end", dx: -4, dy: 4 }}
        {...line}
      />
      <AxisBottom
        scale={x}
        top={HEIGHT - MARGIN.bottom}
        tickValues={ticksOf(first, last, Math.max(2, Math.floor(width / TICK_WIDTH)))}
        tickFormat={(value) => timeFormat.format(Number(value))}
        tickLabelProps={{ ...tick, textAnchor: "middle" }}
        {...line}
      />
    </svg>
  );
}

function Hatch({ id }: { readonly id: string }) {
  return (
    <pattern
      id={id}
      width={6}
      height={6}
      patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"
    >
      <line x1={0} y1={0} x2={0} y2={6} strokeWidth={2} className="stroke-page" opacity={0.5} />
    </pattern>
  );
}

function Legend({ timeline }: { readonly timeline: readonly TimelinePoint[] }) {
  return (
    <ul className="flex flex-wrap gap-x-4 text-sm text-soft" aria-hidden="true">
      {seriesIn(timeline).map(({ key, word, tone }) => (
        <li key={key} className="flex items-center gap-1.5">
          <svg width={12} height={12}>
            <rect width={12} height={12} rx={2} className={FILL[tone]} />
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}
