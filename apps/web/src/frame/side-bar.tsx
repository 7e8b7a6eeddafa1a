import { Link, useLocation, type LinkProps } from "@tanstack/react-router";
import { useState } from "react";
import { count } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { classNames } from "../ui/class-names.ts";
import { Dialog } from "../ui/dialog.tsx";
import { NavIcon, type NavIconName } from "./nav-icon.tsx";

interface Place {
  readonly label: string;
  readonly icon: NavIconName;
  readonly link: LinkProps;
  /** How many things there wait for a person. */
  readonly waiting?: number;
  /** On a phone it is under "More". */
  readonly isMore?: boolean;
}

const TRUST_NEEDS: readonly string[] = ["trust-expiring", "proposals-waiting"];
const DEVICE_NEEDS: readonly string[] = ["devices-pending", "keys-pending", "identity-conflict"];

const sum = (needs: readonly { readonly count: number }[]): number =>
  needs.reduce((count, need) => count + need.count, 0);

/** Places, with how many things there wait for a person. */
function usePlaces(): readonly Place[] {
  const { data } = useOperation("showOverview");
  const needs = data?.needs ?? [];
  const stopped = needs.filter(({ kind }) => kind === "deployment-tripped");
  const devices = needs.filter(({ kind }) => DEVICE_NEEDS.includes(kind));
  const trust = needs.filter(({ kind }) => TRUST_NEEDS.includes(kind));
  return [
    { label: "Overview", icon: "overview", link: { to: "/" } },
    {
      label: "Deployments",
      icon: "deployments",
      link: { to: "/deployments" },
      waiting: stopped.length,
    },
    {
      label: "Devices",
      icon: "devices",
      link: { to: "/devices" },
      waiting: sum(devices),
    },
    { label: "Groups", icon: "groups", link: { to: "/groups" }, isMore: true },
    { label: "Releases", icon: "releases", link: { to: "/releases" } },
    { label: "Activity", icon: "activity", link: { to: "/activity" }, isMore: true },
    {
      label: "Settings",
      icon: "settings",
      link: { to: "/settings" },
      waiting: sum(trust),
      isMore: true,
    },
  ];
}

const PLACE =
  "relative flex items-center gap-1 rounded-md text-soft no-underline hover:bg-sunk hover:text-ink max-lg:flex-col max-lg:px-1 max-lg:py-1.5 max-lg:text-xs lg:gap-2.5 lg:px-3 lg:py-1.5";
const CURRENT = "!bg-sunk !text-ink font-medium";

/** The places at the side; on a phone below, the less frequent ones behind "More". */
export function SideBar() {
  const places = usePlaces();
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
      <ul className="flex max-sm:p-1 sm:flex-col sm:gap-0.5">
        {places.map((place) => (
          <li key={place.label} className={place.isMore === true ? "max-sm:hidden" : "max-sm:grow"}>
            <PlaceLink place={place} />
          </li>
        ))}
        <li className="grow sm:hidden">
          <More places={places.filter(({ isMore }) => isMore)} />
        </li>
      </ul>
    </nav>
  );
}

function PlaceLink({ place: { label, icon, link, waiting = 0 } }: { readonly place: Place }) {
  return (
    <Link
      {...link}
      activeOptions={{ exact: link.to === "/" }}
      className={PLACE}
      activeProps={{ className: CURRENT, "aria-current": "page" }}
    >
      <NavIcon name={icon} />
      <span>{label}</span>
      {waiting > 0 && (
        <span className="tabular rounded-full bg-warn-tint px-1.5 text-xs font-semibold text-warn max-lg:absolute max-lg:left-1/2 max-lg:top-0.5 max-lg:ml-1.5 lg:ml-auto">
          {count(waiting)}
          <span className="sr-only"> waiting for you</span>
        </span>
      )}
    </Link>
  );
}

function More({ places }: { readonly places: readonly Place[] }) {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  const isHere = places.some(({ link: { to = "" } }) => pathname.startsWith(to));
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        className={classNames(PLACE, "w-full", isHere && CURRENT)}
        onClick={() => setOpen(true)}
      >
        <NavIcon name="more" />
        <span>More</span>
      </button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title="More places">
        <ul className="flex flex-col">
          {places.map(({ label, icon, link }) => (
            <li key={label} className="border-t border-line first:border-t-0">
              <Link
                {...link}
                className="flex min-h-11 items-center gap-3 text-ink no-underline"
                activeProps={{ className: "font-medium", "aria-current": "page" }}
                onClick={() => setOpen(false)}
              >
                <NavIcon name={icon} />
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </Dialog>
    </>
  );
}
