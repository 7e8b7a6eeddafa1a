import type { Reply } from "@moult/client";
import { MINUTE_MS } from "@moult/base";
import type { ReactNode } from "react";
import { count, counted } from "../format/number.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { useNow } from "../ui/clock.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

type Overview = Reply<"showOverview">;

/** What the fleet runs. A version that a running deployment brings keeps its row, however few run it. */
export function OverviewRunning({ overview }: { readonly overview: Overview }) {
  const { byRunning, otherRunning, asOf } = overview;
  const now = useNow(MINUTE_MS);
  // Who has one product never reads the word.
  const hasProducts = new Set(byRunning.map(({ product }) => product)).size > 1;
  const most = Math.max(1, ...byRunning.map((row) => row.count), otherRunning.count);
  const isOld = now - Date.parse(asOf) > MINUTE_MS;
  return (
    <Panel
      title="Runs"
      aside={
        isOld ? (
          <span className="text-sm text-soft">
            counted <When at={asOf} />
          </span>
        ) : undefined
      }
    >
      {byRunning.length === 0 ? (
        <p className="text-soft">No device has said yet what it runs.</p>
      ) : (
        <ul className="grid grid-cols-[minmax(5rem,9rem)_1fr_auto] gap-x-3 gap-y-1.5">
          {byRunning.map((row) => (
            <RunningRow
              key={`${row.product} ${row.artifactName ?? ""}`}
              name={<RunningName row={row} isProductShown={hasProducts} />}
              {...(row.artifactName === null ? {} : { search: devicesOf(row) })}
              devices={row.count}
              share={row.count / most}
              isMoving={row.isMoving}
            />
          ))}
          {otherRunning.count > 0 && (
            <RunningRow
              name={
                <span className="text-soft">
                  {counted(otherRunning.versions, "other version", "other versions")}
                </span>
              }
              devices={otherRunning.count}
              share={otherRunning.count / most}
              isMoving={false}
            />
          )}
        </ul>
      )}
    </Panel>
  );
}

type Row = Overview["byRunning"][number];

const devicesOf = ({ product, artifactName }: Row): DevicesSearch =>
  artifactName === null
    ? { product, state: "accepted" }
    : { product, running: artifactName, state: "accepted" };

function RunningName({
  row,
  isProductShown,
}: {
  readonly row: Row;
  readonly isProductShown: boolean;
}) {
  const { product, artifactName } = row;
  const prefix = isProductShown && <span className="shrink-0 text-soft">{product}</span>;
  if (artifactName === null)
    return (
      <>
        {prefix}
        <span className="text-soft">not known yet</span>
      </>
    );
  return (
    <>
      {prefix}
      <TextLink to="/devices" search={devicesOf(row)} isQuiet>
        <Foreign text={artifactName} cut mono />
      </TextLink>
    </>
  );
}

function RunningRow({
  name,
  devices,
  share,
  isMoving,
  search,
}: {
  readonly name: ReactNode;
  readonly devices: number;
  /** Of the longest bar. */
  readonly share: number;
  readonly isMoving: boolean;
  /** Whose devices the number leads to. */
  readonly search?: DevicesSearch;
}) {
  return (
    <li className="col-span-3 grid grid-cols-subgrid items-center">
      <span className="flex min-w-0 items-center gap-1.5">
        {name}
        {isMoving && <span className="text-xs text-move">moving</span>}
      </span>
      <span aria-hidden="true" className="h-2.5 overflow-hidden rounded-sm bg-sunk">
        <span
          className={`block h-full min-w-[3px] ${isMoving ? "bg-move-fill" : "bg-good-fill"}`}
          style={{ width: `${share * 100}%` }}
        />
      </span>
      <span className="tabular text-right">
        {search === undefined ? (
          count(devices)
        ) : (
          <TextLink to="/devices" search={search}>
            {count(devices)}
          </TextLink>
        )}
      </span>
    </li>
  );
}
