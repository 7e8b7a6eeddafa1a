import type { JSX } from "react";

export type ShapeName =
  | "plus-dashed"
  | "circle-bar"
  | "square-struck"
  | "check-circle"
  | "clock"
  | "clock-cross"
  | "clock-arrow"
  | "dotted-circle"
  | "dotted-circle-dash"
  | "ring-arrow"
  | "circle"
  | "ring-1"
  | "ring-2"
  | "ring-3"
  | "ring-4"
  | "ring-5"
  | "octagon-cross"
  | "octagon-bar"
  | "u-turn"
  | "square"
  | "triangle"
  | "bars"
  | "check-notch"
  | "diamond"
  | "diamond-half"
  | "diamond-check"
  | "diamond-bar"
  | "diamond-dashed"
  | "shield-check"
  | "shield-half"
  | "shield"
  | "warning";

const CIRCLE = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z";
const OCTAGON = "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5Z";
const DIAMOND = "M8 1.8 14.2 8 8 14.2 1.8 8Z";
const SHIELD = "M8 1.8 13.2 4v3.6c0 3-2.1 5.4-5.2 6.6-3.1-1.2-5.2-3.6-5.2-6.6V4Z";
const CLOCK_HANDS = "M8 4.8V8l2.2 1.4";

const dashed = { strokeDasharray: "2.2 2" } as const;
const dotted = { strokeDasharray: "0.1 2.6", strokeWidth: 2 } as const;
const solid = { fill: "currentColor" } as const;
/** Drawn over a filled shape in the colour of what lies below. */
const cut = { stroke: "var(--shape-cut, var(--page))" } as const;

/** The part of a ring that is done, from the top, clockwise. */
function ring(fifths: number): JSX.Element {
  const length = 2 * Math.PI * 6;
  return (
    <>
      <circle cx="8" cy="8" r="6" opacity="0.35" />
      <circle
        cx="8"
        cy="8"
        r="6"
        strokeWidth="2.5"
        strokeDasharray={`${(length * fifths) / 5} ${length}`}
        transform="rotate(-90 8 8)"
      />
    </>
  );
}

/** 16 px, told apart by outline alone, also in print and at 12 px (reference: ui section 4). */
const SHAPES: Readonly<Record<ShapeName, JSX.Element>> = {
  "plus-dashed": (
    <>
      <path d={CIRCLE} {...dashed} />
      <path d="M8 5v6M5 8h6" />
    </>
  ),
  "circle-bar": (
    <>
      <path d={CIRCLE} />
      <path d="M4.2 11.8 11.8 4.2" />
    </>
  ),
  "square-struck": (
    <>
      <path d="M3 3h10v10H3Z" />
      <path d="M1.5 14.5l13-13" />
    </>
  ),
  "check-circle": (
    <>
      <path d={CIRCLE} {...solid} />
      <path d="m5.2 8.2 2 2 3.6-4" {...cut} />
    </>
  ),
  clock: (
    <>
      <path d={CIRCLE} />
      <path d={CLOCK_HANDS} />
    </>
  ),
  "clock-cross": (
    <>
      <path d={CIRCLE} />
      <path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  "clock-arrow": (
    <>
      <path d="M3 5a6 6 0 1 1-.9 3" />
      <path d="M2.2 2.5 3 5.2l2.6-.6" />
      <path d={CLOCK_HANDS} />
    </>
  ),
  "dotted-circle": <path d={CIRCLE} {...dotted} />,
  "dotted-circle-dash": (
    <>
      <path d={CIRCLE} {...dotted} />
      <path d="M5.5 8h5" />
    </>
  ),
  "ring-arrow": (
    <>
      <path d="M13.4 5.4A6 6 0 1 0 14 8" />
      <path d="m14.2 2.6-.7 3.1-3.1-.8" />
    </>
  ),
  circle: <path d={CIRCLE} />,
  "ring-1": ring(1),
  "ring-2": ring(2),
  "ring-3": ring(3),
  "ring-4": ring(4),
  "ring-5": ring(5),
  "octagon-cross": (
    <>
      <path d={OCTAGON} />
      <path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  "octagon-bar": (
    <>
      <path d={OCTAGON} {...solid} />
      <path d="M5 8h6" {...cut} />
    </>
  ),
  "u-turn": (
    <>
      <path d="M3.5 6h6a3.5 3.5 0 0 1 0 7H6" />
      <path d="M6.2 3 3.2 6l3 3" />
    </>
  ),
  square: <path d="M3.5 3.5h9v9h-9Z" {...solid} />,
  triangle: <path d="M4 2.5 13 8l-9 5.5Z" {...solid} />,
  bars: (
    <>
      <path d="M5 3v10" strokeWidth="2.6" />
      <path d="M11 3v10" strokeWidth="2.6" />
    </>
  ),
  "check-notch": (
    <>
      <path d="M13.4 5.4A6 6 0 1 1 10.6 2.6" />
      <path d="m5.2 8.2 2 2 3.6-4" />
    </>
  ),
  diamond: <path d={DIAMOND} />,
  "diamond-half": (
    <>
      <path d={DIAMOND} />
      <path d="M8 1.8V14.2L1.8 8Z" {...solid} />
    </>
  ),
  "diamond-check": (
    <>
      <path d={DIAMOND} {...solid} />
      <path d="m5.6 8.2 1.7 1.7 3-3.4" {...cut} />
    </>
  ),
  "diamond-bar": (
    <>
      <path d={DIAMOND} {...solid} />
      <path d="M5.4 8h5.2" {...cut} />
    </>
  ),
  "diamond-dashed": <path d={DIAMOND} {...dashed} />,
  "shield-check": (
    <>
      <path d={SHIELD} {...solid} />
      <path d="m5.6 7.8 1.7 1.7 3-3.4" {...cut} />
    </>
  ),
  "shield-half": (
    <>
      <path d={SHIELD} />
      <path d="M8 1.8v12.4C4.9 13 2.8 10.6 2.8 7.6V4Z" {...solid} />
    </>
  ),
  shield: <path d={SHIELD} />,
  warning: (
    <>
      <path d="M8 2 14.5 13.5h-13Z" />
      <path d="M8 6.5v3.2m0 1.9v.1" />
    </>
  ),
};

export function Shape({ name, size = 16 }: { readonly name: ShapeName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      {SHAPES[name]}
    </svg>
  );
}
