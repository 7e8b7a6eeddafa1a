import { Link, type LinkProps } from "@tanstack/react-router";

export interface Tab {
  readonly label: string;
  readonly link: LinkProps;
}

/** Tabs are paths: each has an address, and the back button goes through them. */
export function Tabs({ name, tabs }: { readonly name: string; readonly tabs: readonly Tab[] }) {
  return (
    <nav aria-label={name} className="mb-5 flex flex-wrap border-b border-line sm:gap-x-1">
      {tabs.map(({ label, link }) => (
        <Link
          key={label}
          {...link}
          replace
          resetScroll={false}
          activeOptions={{ exact: true, includeSearch: false }}
          className="whitespace-nowrap border-b-2 border-transparent px-1.5 py-2 text-soft no-underline hover:text-ink pointer-coarse:py-3 sm:px-3"
          activeProps={{
            className: "!border-primary !text-ink font-medium",
            "aria-current": "page",
          }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
