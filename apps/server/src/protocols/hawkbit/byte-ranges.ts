/** `start` inclusive, `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Clients ask for ten at a time; what asks for very many asks for work and not for bytes. */
const RANGES_MAX = 256;
const SPEC = /^(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;

/**
 * The ranges of a `Range` header, in their order; undefined where it is none that is understood, so that the whole is
 * answered. As hawkBit does, ranges that overlap are refused: whoever asks for them wants the same bytes many times.
 */
export function readRanges(
  header: string | undefined,
  sizeBytes: number,
): readonly ByteRange[] | "unsatisfiable" | undefined {
  const list = /^bytes=(.{1,8000})$/.exec(header?.trim() ?? "")?.[1];
  if (list === undefined) return undefined;
  const specs = list.split(",").map((spec) => spec.trim());
  if (specs.length > RANGES_MAX) return "unsatisfiable";
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = rangeOf(spec, sizeBytes);
    if (range === undefined) return undefined;
    if (range !== "unsatisfiable") ranges.push(range);
  }
  if (ranges.length === 0) return "unsatisfiable";
  const sorted = ranges.toSorted((left, right) => left.start - right.start);
  const overlaps = sorted.some((range, index) => range.start < (sorted[index - 1]?.end ?? 0));
  return overlaps ? "unsatisfiable" : ranges;
}

function rangeOf(spec: string, sizeBytes: number): ByteRange | "unsatisfiable" | undefined {
  const match = SPEC.exec(spec);
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  if (first === undefined) {
    const length = Math.min(Number(suffix), sizeBytes);
    return length === 0 ? "unsatisfiable" : { start: sizeBytes - length, end: sizeBytes };
  }
  const start = Number(first);
  const isOpen = last === undefined || last === "";
  if (!isOpen && Number(last) < start) return undefined;
  if (start >= sizeBytes) return "unsatisfiable";
  return { start, end: isOpen ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}
