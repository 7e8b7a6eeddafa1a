import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { FailedPage } from "./frame/failed-page.tsx";
import { Frame } from "./frame/frame.tsx";
import { LostPage } from "./frame/lost-page.tsx";
import { OverviewPage } from "./pages/overview-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { fetchMe } from "./server/me.ts";
import { call } from "./server/operation-query.ts";
import {
  activitySearch,
  assignmentsSearch,
  cursorSearch,
  historySearch,
  deploymentsSearch,
  devicesSearch,
  newDeploymentSearch,
  releasesSearch,
} from "./server/page-search.ts";
import { ownPath } from "./server/paths.ts";
import { isSignedOut } from "./server/problem.ts";
import { readSearch, writeSearch } from "./server/search-params.ts";
import { watchForExpiry } from "./server/session.ts";
import { takeFocusOnArrival } from "./ui/page-header.tsx";

// Every page has its line here. What is not needed for the first one is loaded when it is asked for.

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

const acceptInvitation = createRoute({
  getParentRoute: () => root,
  path: "/accept-invitation",
  component: lazyRouteComponent(
    () => import("./pages/accept-invitation-page.tsx"),
    "AcceptInvitationPage",
  ),
});

/** To the first administrator's page on a new server, else to the sign-in and back here. */
async function wayIn(href: string) {
  const { needed } = await call("showSetup");
  if (needed) return redirect({ to: "/welcome" });
  return redirect({ to: "/sign-in", search: href === "/" ? {} : { next: href } });
}

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
      // oxlint-disable-next-line typescript/only-throw-error -- a redirect is thrown: the router's interface
      throw await wayIn(location.href);
    }
  },
});

const inFrame = { getParentRoute: () => frame };

const overview = createRoute({ ...inFrame, path: "/", component: OverviewPage });

const deployments = createRoute({
  ...inFrame,
  path: "/deployments",
  validateSearch: deploymentsSearch,
  component: lazyRouteComponent(() => import("./pages/deployments-page.tsx"), "DeploymentsPage"),
});
const newDeployment = createRoute({
  ...inFrame,
  path: "/deployments/new",
  validateSearch: newDeploymentSearch,
  component: lazyRouteComponent(
    () => import("./pages/new-deployment-page.tsx"),
    "NewDeploymentPage",
  ),
});
const deployment = createRoute({
  ...inFrame,
  path: "/deployments/$deploymentId",
  component: lazyRouteComponent(() => import("./pages/deployment-page.tsx"), "DeploymentPage"),
});
const inDeployment = { getParentRoute: () => deployment };
const deploymentTabs = [
  createRoute({
    ...inDeployment,
    path: "/",
    component: lazyRouteComponent(
      () => import("./pages/deployment-now-page.tsx"),
      "DeploymentNowPage",
    ),
  }),
  createRoute({
    ...inDeployment,
    path: "/devices",
    validateSearch: assignmentsSearch,
    component: lazyRouteComponent(
      () => import("./pages/deployment-devices-page.tsx"),
      "DeploymentDevicesPage",
    ),
  }),
  createRoute({
    ...inDeployment,
    path: "/history",
    validateSearch: historySearch,
    component: lazyRouteComponent(
      () => import("./pages/deployment-history-page.tsx"),
      "DeploymentHistoryPage",
    ),
  }),
  createRoute({
    ...inDeployment,
    path: "/plan",
    component: lazyRouteComponent(
      () => import("./pages/deployment-plan-page.tsx"),
      "DeploymentPlanPage",
    ),
  }),
] as const;

const devices = createRoute({
  ...inFrame,
  path: "/devices",
  validateSearch: devicesSearch,
  component: lazyRouteComponent(() => import("./pages/devices-page.tsx"), "DevicesPage"),
});
const enrolDevice = createRoute({
  ...inFrame,
  path: "/devices/new",
  component: lazyRouteComponent(() => import("./pages/enrol-device-page.tsx"), "EnrolDevicePage"),
});
const device = createRoute({
  ...inFrame,
  path: "/devices/$deviceId",
  component: lazyRouteComponent(() => import("./pages/device-page.tsx"), "DevicePage"),
});
const inDevice = { getParentRoute: () => device };
const deviceTabs = [
  createRoute({
    ...inDevice,
    path: "/",
    component: lazyRouteComponent(() => import("./pages/device-now-page.tsx"), "DeviceNowPage"),
  }),
  createRoute({
    ...inDevice,
    path: "/timeline",
    validateSearch: cursorSearch,
    component: lazyRouteComponent(
      () => import("./pages/device-timeline-page.tsx"),
      "DeviceTimelinePage",
    ),
  }),
  createRoute({
    ...inDevice,
    path: "/inventory",
    component: lazyRouteComponent(
      () => import("./pages/device-inventory-page.tsx"),
      "DeviceInventoryPage",
    ),
  }),
  createRoute({
    ...inDevice,
    path: "/deployments",
    validateSearch: cursorSearch,
    component: lazyRouteComponent(
      () => import("./pages/device-deployments-page.tsx"),
      "DeviceDeploymentsPage",
    ),
  }),
  createRoute({
    ...inDevice,
    path: "/receipts",
    validateSearch: cursorSearch,
    component: lazyRouteComponent(
      () => import("./pages/device-receipts-page.tsx"),
      "DeviceReceiptsPage",
    ),
  }),
  createRoute({
    ...inDevice,
    path: "/identity",
    component: lazyRouteComponent(
      () => import("./pages/device-identity-page.tsx"),
      "DeviceIdentityPage",
    ),
  }),
  createRoute({
    ...inDevice,
    path: "/logs/$assignmentId/$attempt",
    component: lazyRouteComponent(() => import("./pages/attempt-log-page.tsx"), "AttemptLogPage"),
  }),
] as const;

const groups = createRoute({
  ...inFrame,
  path: "/groups",
  component: lazyRouteComponent(() => import("./pages/groups-page.tsx"), "GroupsPage"),
});
const group = createRoute({
  ...inFrame,
  path: "/groups/$groupId",
  validateSearch: cursorSearch,
  component: lazyRouteComponent(() => import("./pages/group-page.tsx"), "GroupPage"),
});

const releases = createRoute({
  ...inFrame,
  path: "/releases",
  validateSearch: releasesSearch,
  component: lazyRouteComponent(() => import("./pages/releases-page.tsx"), "ReleasesPage"),
});
const upload = createRoute({
  ...inFrame,
  path: "/releases/upload",
  component: lazyRouteComponent(() => import("./pages/upload-page.tsx"), "UploadPage"),
});
const release = createRoute({
  ...inFrame,
  path: "/releases/$releaseId",
  component: lazyRouteComponent(() => import("./pages/release-page.tsx"), "ReleasePage"),
});

const firstSteps = createRoute({
  ...inFrame,
  path: "/first-steps",
  component: lazyRouteComponent(() => import("./pages/first-steps-page.tsx"), "FirstStepsPage"),
});
const activity = createRoute({
  ...inFrame,
  path: "/activity",
  validateSearch: activitySearch,
  component: lazyRouteComponent(() => import("./pages/activity-page.tsx"), "ActivityPage"),
});
const bulkChange = createRoute({
  ...inFrame,
  path: "/jobs/$bulkChangeId",
  component: lazyRouteComponent(() => import("./pages/bulk-change-page.tsx"), "BulkChangePage"),
});

const settings = createRoute({
  ...inFrame,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings-page.tsx"), "SettingsPage"),
});
const inSettings = { getParentRoute: () => settings };
const settingsTabs = [
  createRoute({
    ...inSettings,
    path: "/",
    component: lazyRouteComponent(
      () => import("./pages/server-settings-page.tsx"),
      "ServerSettingsPage",
    ),
  }),
  createRoute({
    ...inSettings,
    path: "/api-keys",
    component: lazyRouteComponent(() => import("./pages/api-keys-page.tsx"), "ApiKeysPage"),
  }),
  createRoute({
    ...inSettings,
    path: "/people",
    component: lazyRouteComponent(() => import("./pages/people-page.tsx"), "PeoplePage"),
  }),
  createRoute({
    ...inSettings,
    path: "/products",
    component: lazyRouteComponent(() => import("./pages/products-page.tsx"), "ProductsPage"),
  }),
  createRoute({
    ...inSettings,
    path: "/trust",
    validateSearch: cursorSearch,
    component: lazyRouteComponent(() => import("./pages/trust-page.tsx"), "TrustPage"),
  }),
  createRoute({
    ...inSettings,
    path: "/enrolment-tokens",
    component: lazyRouteComponent(
      () => import("./pages/enrolment-tokens-page.tsx"),
      "EnrolmentTokensPage",
    ),
  }),
  createRoute({
    ...inSettings,
    path: "/other-clients",
    component: lazyRouteComponent(
      () => import("./pages/other-clients-page.tsx"),
      "OtherClientsPage",
    ),
  }),
] as const;

const trustProposal = createRoute({
  ...inFrame,
  path: "/settings/proposals/$trustProposalId",
  component: lazyRouteComponent(
    () => import("./pages/trust-proposal-page.tsx"),
    "TrustProposalPage",
  ),
});

const routeTree = root.addChildren([
  signIn,
  welcome,
  acceptInvitation,
  frame.addChildren([
    overview,
    firstSteps,
    deployments,
    newDeployment,
    deployment.addChildren(deploymentTabs),
    devices,
    enrolDevice,
    device.addChildren(deviceTabs),
    groups,
    group,
    releases,
    upload,
    release,
    activity,
    bulkChange,
    settings.addChildren(settingsTabs),
    trustProposal,
  ]),
]);

export const router = createRouter({
  routeTree,
  parseSearch: readSearch,
  stringifySearch: writeSearch,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  // A page gets what its own reading of the address gave, never what stood there besides or wrongly.
  search: { strict: true },
  defaultErrorComponent: FailedPage,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

watchForExpiry();

/** Place and object of a path: what comes after is a tab. */
const headOf = (path: string): string => path.split("/").slice(0, 3).join("/");

router.subscribe("onBeforeNavigate", ({ pathChanged, toLocation, fromLocation }) => {
  // The first page begins at its top, with the link past the places.
  if (fromLocation === undefined) return;
  // From one tab to the next the focus stays on the tab.
  const isTab = headOf(toLocation.pathname) === headOf(fromLocation.pathname);
  if (pathChanged && !isTab) takeFocusOnArrival();
});
