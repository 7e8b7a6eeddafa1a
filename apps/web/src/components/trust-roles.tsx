import type { TrustRoleStatus } from "@moult/model";
import { count, counted } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { ROLE_VALID, TRUST_WARNING } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";
import { KeyIds } from "./key-ids.tsx";

const WHAT_FOR: Readonly<Record<string, string>> = {
  root: "names everybody else’s keys",
  targets: "says who signs for a channel",
  snapshot: "says which versions belong together",
  timestamp: "says that nothing newer is kept back",
};

const COLUMNS: readonly Column<TrustRoleStatus>[] = [
  {
    key: "name",
    title: "Role",
    isWide: true,
    cell: ({ name, product, channel }) => (
      <span className="flex flex-col">
        <Foreign text={name} mono />
        <span className="text-sm font-normal text-soft">
          {product === null || channel === null ? (
            (WHAT_FOR[name] ?? "")
          ) : (
            <>
              releases of <Foreign text={product} />, channel <Foreign text={channel} />
            </>
          )}
        </span>
      </span>
    ),
  },
  {
    key: "version",
    title: "Version",
    isNumber: true,
    cell: ({ version }) => (
      <>
        <span className="text-soft sm:hidden">version </span>
        {version}
      </>
    ),
  },
  {
    key: "expires",
    title: "Ends",
    cell: ({ expiresAt, warning }) => (
      <span className="flex flex-wrap items-center gap-x-2">
        <Badge status={warning === null ? ROLE_VALID : TRUST_WARNING[warning]} isPlain />
        <When at={expiresAt} />
      </span>
    ),
  },
  {
    key: "signers",
    title: "Signed by",
    cell: ({ threshold, keyids, isOnline }) => (
      <span className="whitespace-nowrap">
        {isOnline ? "the server" : `${threshold} of ${counted(keyids.length, "key")}`}
      </span>
    ),
  },
  {
    key: "keys",
    title: "Keys",
    isWide: true,
    cell: ({ name, keyids }) => <KeyIds keyids={keyids} of={name} />,
  },
  {
    key: "targets",
    title: "Artifacts",
    isNumber: true,
    cell: ({ product, targetCount }) =>
      product === null ? (
        <span className="text-soft max-sm:hidden">-</span>
      ) : (
        <>
          {count(targetCount)}
          <span className="sm:hidden">{targetCount === 1 ? " artifact" : " artifacts"}</span>
        </>
      ),
  },
];

const ORDER = ["root", "targets"];
/** Root first, then what it hands on, then channels, then what the server renews by itself. */
const rank = ({ name, isOnline }: TrustRoleStatus): number =>
  isOnline ? 3 : ORDER.includes(name) ? ORDER.indexOf(name) : 2;

export function TrustRoles({ roles }: { readonly roles: readonly TrustRoleStatus[] }) {
  return (
    <Table
      caption="Roles, and who signs for them"
      columns={COLUMNS}
      rows={roles.toSorted((one, other) => rank(one) - rank(other))}
      keyOf={({ name }) => name}
    />
  );
}
