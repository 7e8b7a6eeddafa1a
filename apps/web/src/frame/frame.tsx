import { Link, Outlet, type LinkProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { count } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { LiveChanges } from "../live/live-changes.tsx";
import { keepFocus } from "./kept-focus.ts";
import { Palette } from "./palette.tsx";
import { LiveRegions } from "./live-regions.tsx";
import { Notices } from "./notices.tsx";
import { PersonMenu } from "./person-menu.tsx";
import { SessionDialog } from "./session-dialog.tsx";
import { NavIcon, type NavIconName } from "./nav-icon.tsx";
import { Shortcuts } from "./shortcuts.tsx";

interface Place {
  readonly label: string;
  readonly icon: NavIconName;
  readonly link: LinkProps;
  /** How many things there wait for a person. */
  readonly waiting?: number;
}

/** Places, with how many things there wait for a person. */
function usePlaces(): readonly Place[] {
  const { data } = useOperation("showOverview");
  const waiting = (...kinds: readonly string[]): number =>
    (data?.needs ?? [])
      .filter(({ kind }) => kinds.includes(kind))
      .reduce((sum, need) => sum + need.count, 0);
  return [
    { label: "Overview", icon: "overview", link: { to: "/" } },
    {
      label: "Deployments",
      icon: "deployments",
      link: { to: "/deployments" },
      waiting: waiting("deployment-tripped"),
    },
    {
      label: "Devices",
      icon: "devices",
      link: { to: "/devices" },
      waiting: waiting("devices-pending", "identity-conflict"),
    },
    { label: "Groups", icon: "groups", link: { to: "/groups" } },
    { label: "Releases", icon: "releases", link: { to: "/releases" } },
    { label: "Activity", icon: "activity", link: { to: "/activity" } },
    { label: "Settings", icon: "settings", link: { to: "/settings" } },
  ];
}

/** What every page stands in: places at the side (below, on a phone), the palette, and what is said about the whole. */
export function Frame() {
  return (
    <LiveChanges>
      <FrameBody />
    </LiveChanges>
  );
}

function FrameBody() {
  useEffect(keepFocus, []);
  return (
    <div className="min-h-screen sm:grid sm:grid-cols-[4.75rem_1fr] lg:grid-cols-[13rem_1fr]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:left-3 focus:top-3 focus:z-50 focus:rounded-md focus:bg-primary focus:px-3 focus:py-2 focus:text-on-primary"
      >
        Skip to the content
      </a>
      <SideBar places={usePlaces()} />
      <div className="min-w-0">
        <header className="sticky top-0 z-20 flex h-13 items-center justify-between gap-3 border-b border-line bg-page px-4 sm:justify-end">
          <Link to="/" className="font-semibold text-ink no-underline sm:hidden">
            moult
          </Link>
          <div className="flex items-center gap-2">
            <Palette />
            <Shortcuts />
            <PersonMenu />
          </div>
        </header>
        <main id="content" className="mx-auto max-w-[90rem] px-4 pb-24 pt-5 sm:px-6">
          <Notices />
          <Outlet />
        </main>
      </div>
      <LiveRegions />
      <SessionDialog />
    </div>
  );
}

const PLACE =
  "flex items-center gap-1 rounded-md text-soft no-underline hover:bg-sunk hover:text-ink max-lg:flex-col max-lg:px-1 max-lg:py-1.5 max-lg:text-xs lg:gap-2.5 lg:px-3 lg:py-1.5";

function SideBar({ places }: { readonly places: readonly Place[] }) {
  return (
    <nav
      aria-label="Places"
      className="border-line bg-raised max-sm:fixed max-sm:inset-x-0 max-sm:bottom-0 max-sm:z-30 max-sm:border-t sm:sticky sm:top-0 sm:h-screen sm:border-r sm:p-2"
    >
      <Link
        to="/"
        className="mb-3 hidden px-3 pt-2 text-lg font-semibold text-ink no-underline sm:block max-lg:px-1 max-lg:text-center max-lg:text-base"
      >
        moult
      </Link>
      <ul className="flex max-sm:justify-between max-sm:overflow-x-auto max-sm:px-1 max-sm:py-1 sm:flex-col sm:gap-0.5">
        {places.map(({ label, icon, link, waiting = 0 }) => (
          <li key={label}>
            <Link
              {...link}
              activeOptions={{ exact: link.to === "/" }}
              className={PLACE}
              activeProps={{ className: "!bg-sunk !text-ink font-medium", "aria-current": "page" }}
            >
              <NavIcon name={icon} />
              <span>{label}</span>
              {waiting > 0 && (
                <span className="tabular rounded-full bg-warn-tint px-1.5 text-xs font-semibold text-warn lg:ml-auto">
                  {count(waiting)}
                  <span className="sr-only"> waiting for you</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
