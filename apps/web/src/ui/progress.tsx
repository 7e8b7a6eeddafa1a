/** Known progress has a value; unknown progress says so instead of moving. */
export function Progress({
  name,
  percent,
  text,
}: {
  readonly name: string;
  readonly percent: number | null;
  /** What a screen reader says: "downloading, 41 %". */
  readonly text: string;
}) {
  return (
    <div
      role="progressbar"
      aria-label={name}
      aria-valuetext={text}
      {...(percent === null
        ? {}
        : { "aria-valuenow": Math.round(percent), "aria-valuemin": 0, "aria-valuemax": 100 })}
      className="h-2 w-full overflow-hidden rounded-sm bg-sunk"
    >
      <div className="h-full bg-move-fill" style={{ width: `${percent ?? 0}%` }} />
    </div>
  );
}
