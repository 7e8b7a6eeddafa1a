import type { JSX } from "react";

export type NavIconName =
  | "overview"
  | "deployments"
  | "devices"
  | "groups"
  | "releases"
  | "activity"
  | "settings"
  | "more";

const PATHS: Readonly<Record<NavIconName, JSX.Element>> = {
  overview: <path d="M3 10.5 10 4l7 6.5M5 9v7h10V9M8.5 16v-4h3v4" />,
  deployments: <path d="M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M4 13v3h12v-3" />,
  devices: <path d="M4 4h12v9H4ZM7.5 16.5h5M10 13v3.5" />,
  groups: <path d="M3.5 3.5h5v5h-5Zm8 0h5v5h-5Zm-8 8h5v5h-5Zm8 0h5v5h-5Z" />,
  releases: <path d="M10 3 3.5 6.2v7.6L10 17l6.5-3.2V6.2ZM3.5 6.2 10 9.5l6.5-3.3M10 9.5V17" />,
  activity: <path d="M3 10h3l2.5-6 3 12L14 10h3" />,
  more: <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" strokeWidth="2.5" />,
  settings: (
    <path d="M4 6h7m3 0h2M4 14h2m3 0h7M12.5 4.2v3.6M7.5 12.2v3.6M4 10h3m3 0h6M8.5 8.2v3.6" />
  ),
};

export function NavIcon({ name }: { readonly name: NavIconName }) {
  return (
    <svg
      aria-hidden="true"
      width="20"
      height="20"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {PATHS[name]}
    </svg>
  );
}
