import { Link, Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import { LiveChanges } from "../live/live-changes.tsx";
import { keepFocus } from "./kept-focus.ts";
import { Palette } from "./palette.tsx";
import { LiveRegions } from "./live-regions.tsx";
import { Notices } from "./notices.tsx";
import { PersonMenu } from "./person-menu.tsx";
import { SessionDialog } from "./session-dialog.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { SideBar } from "./side-bar.tsx";

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
      <SideBar />
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
