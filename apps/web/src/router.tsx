import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Frame } from "./frame/frame.tsx";
import { LostPage } from "./frame/lost-page.tsx";
import { OverviewPage } from "./pages/overview-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { fetchMe } from "./server/me.ts";
import { call } from "./server/operation-query.ts";
import { ownPath } from "./server/paths.ts";
import { isSignedOut } from "./server/problem.ts";
import { watchForExpiry } from "./server/session.ts";
import { takeFocusOnArrival } from "./ui/page-header.tsx";
import { FailedPage } from "./frame/failed-page.tsx";

// Every page has its line here; what is not needed for the first one is loaded when it is asked for.

const root = createRootRoute({ notFoundComponent: LostPage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: SignInPage,
  validateSearch: (search): { next?: string } => {
    const next = ownPath(search["next"]);
    return next === undefined ? {} : { next };
  },
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: lazyRouteComponent(() => import("./pages/welcome-page.tsx"), "WelcomePage"),
});

/** Everything inside the frame is for somebody who is signed in. */
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  component: Frame,
  beforeLoad: async ({ location }) => {
    try {
      await fetchMe();
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      const { needed } = await call("showSetup");
      throw needed
        ? redirect({ to: "/welcome" })
        : redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
    }
  },
});

const overview = createRoute({
  getParentRoute: () => frame,
  path: "/",
  component: OverviewPage,
});

const routeTree = root.addChildren([signIn, welcome, frame.addChildren([overview])]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: FailedPage,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

watchForExpiry();
router.subscribe("onBeforeNavigate", ({ pathChanged, toLocation, fromLocation }) => {
  // From one tab to the next the focus stays on the tab.
  const isTab = fromLocation !== undefined && headOf(toLocation.pathname) === headOf(fromLocation.pathname);
  if (pathChanged && !isTab) takeFocusOnArrival();
});

/** Place and object of a path: what comes after is a tab. */
const headOf = (path: string): string => path.split("/").slice(0, 3).join("/");
