import type { LinkProps } from "@tanstack/react-router";

/** The letter after `g`, and where it leads. */
export const PLACE_KEYS: readonly {
  readonly key: string;
  readonly label: string;
  readonly link: LinkProps;
}[] = [
  { key: "o", label: "Overview", link: { to: "/" } },
  { key: "d", label: "Deployments", link: { to: "/deployments" } },
  { key: "v", label: "Devices", link: { to: "/devices" } },
  { key: "r", label: "Releases", link: { to: "/releases" } },
  { key: "p", label: "Groups", link: { to: "/groups" } },
  { key: "a", label: "Activity", link: { to: "/activity" } },
  { key: "s", label: "Settings", link: { to: "/settings" } },
];
