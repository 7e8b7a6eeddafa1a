const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `width` columns, filled to `share` of it (0 to 1); anything above nothing shows. */
export function barText(share: number, width: number): string {
  const wanted = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const eighths = share > 0 ? Math.max(1, wanted) : 0;
  const full = "█".repeat(Math.floor(eighths / 8));
  return (full + (EIGHTHS[eighths % 8] ?? "")).padEnd(width, "·");
}
