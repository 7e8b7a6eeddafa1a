import { useNavigate, type LinkProps } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useId, useState, type KeyboardEvent } from "react";
import { useOperation } from "../server/operation-query.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Foreign } from "../ui/foreign.tsx";

interface Entry {
  readonly key: string;
  readonly kind: string;
  readonly label: string;
  readonly link: LinkProps;
}

const PLACES: readonly Entry[] = (
  [
    ["Overview", { to: "/" }],
    ["Deployments", { to: "/deployments" }],
    ["New deployment", { to: "/deployments/new" }],
    ["Devices", { to: "/devices" }],
    ["Devices that ask to join", { to: "/devices", search: { state: "pending" } }],
    ["Enrol a device", { to: "/devices/new" }],
    ["First steps", { to: "/first-steps" }],
    ["Groups", { to: "/groups" }],
    ["Releases", { to: "/releases" }],
    ["Upload a release", { to: "/releases/upload" }],
    ["Activity", { to: "/activity" }],
    ["Trust", { to: "/settings/trust" }],
    ["API keys", { to: "/settings/api-keys" }],
    ["Products", { to: "/settings/products" }],
    ["Enrolment tokens", { to: "/settings/enrolment-tokens" }],
    ["Other clients: hawkBit, Mender", { to: "/settings/other-clients" }],
    ["Server", { to: "/settings" }],
  ] as const satisfies readonly (readonly [string, LinkProps])[]
).map(([label, link]) => ({ key: label, kind: "Go to", label, link }));

const FOUND_MAX = 8;

interface Entries {
  readonly entries: readonly Entry[];
  /** The server has not answered yet: its part of them is missing, or is of an earlier text. */
  readonly isSearching: boolean;
}

/** Places that fit the text, and what the server finds by it. */
function useEntries(text: string): Entries {
  const search = text.trim();
  const enabled = search.length >= 2;
  const devices = useOperation(
    "listDevices",
    { query: { search, limit: FOUND_MAX } },
    { enabled, keepsOld: true },
  );
  const releases = useOperation("listReleases", { query: { limit: 100 } }, { enabled });
  const deployments = useOperation("listDeployments", { query: { limit: 100 } }, { enabled });
  const fits = (label: string): boolean => label.toLowerCase().includes(search.toLowerCase());
  if (!enabled) return { entries: PLACES.filter(({ label }) => fits(label)), isSearching: false };
  const entries = [
    ...PLACES.filter(({ label }) => fits(label)),
    ...(devices.data?.items ?? []).map((device) => ({
      key: device.id,
      kind: "Device",
      label: device.name ?? Object.values(device.identity)[0] ?? device.id,
      link: { to: "/devices/$deviceId", params: { deviceId: device.id } } as LinkProps,
    })),
    ...(deployments.data?.items ?? [])
      .filter(({ name }) => fits(name))
      .slice(0, FOUND_MAX)
      .map(({ id, name }) => ({
        key: id,
        kind: "Deployment",
        label: name,
        link: { to: "/deployments/$deploymentId", params: { deploymentId: id } } as LinkProps,
      })),
    ...(releases.data?.items ?? [])
      .filter(({ version, product }) => fits(`${product} ${version}`))
      .slice(0, FOUND_MAX)
      .map(({ id, version, product }) => ({
        key: id,
        kind: "Release",
        label: `${product} ${version}`,
        link: { to: "/releases/$releaseId", params: { releaseId: id } } as LinkProps,
      })),
  ];
  const isSearching = [devices, releases, deployments].some(
    ({ isPending, isPlaceholderData }) => isPending || isPlaceholderData,
  );
  return { entries, isSearching };
}

export function PaletteDialog({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const { entries, isSearching } = useEntries(text);
  const current = Math.min(chosen, entries.length - 1);
  const [isEntered, setEntered] = useState(false);
  const go = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    void navigate(entry.link);
  };
  const goToFound = useEffectEvent(() => {
    setEntered(false);
    go(entries[current]);
  });
  // Whoever types fast means what they typed: not what an earlier text had found.
  useEffect(() => {
    if (isEntered && !isSearching) goToFound();
  }, [isEntered, isSearching]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen(Math.max(0, Math.min(entries.length - 1, current + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (entries[current]?.kind === "Go to") go(entries[current]);
      else setEntered(true);
    }
  };
  return (
    <Dialog isOpen onClose={onClose} title="Search">
      <input
        // It is the first stop, so the dialog gives it the focus, and knows where to give it back.
        role="combobox"
        aria-label="Search places, devices, deployments and releases"
        aria-expanded="true"
        aria-controls={listId}
        {...(entries[current] === undefined
          ? {}
          : { "aria-activedescendant": `${listId}-${current}` })}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
          setEntered(false);
        }}
        onKeyDown={onKeyDown}
        className="min-h-10 w-full rounded-md border border-control bg-page px-3"
      />
      <ul id={listId} role="listbox" aria-label="Found" className="max-h-80 overflow-auto">
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === current}
            className={`flex min-h-9 cursor-pointer items-center justify-between gap-3 rounded-md px-3 py-1 pointer-coarse:min-h-11 ${index === current ? "bg-move-tint" : ""}`}
            onPointerMove={() => setChosen(index)}
            onClick={() => go(entry)}
          >
            <Foreign text={entry.label} cut />
            <span className="shrink-0 text-sm text-soft">{entry.kind}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && (
        <p className="text-soft">{isSearching ? "Searching…" : "Nothing has that name."}</p>
      )}
    </Dialog>
  );
}
