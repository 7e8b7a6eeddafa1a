import { Outlet } from "@tanstack/react-router";
import { PageHeader } from "../ui/page-header.tsx";
import { Tabs, type Tab } from "../ui/tabs.tsx";

const TABS: readonly Tab[] = [
  { label: "Server", link: { to: "/settings" } },
  { label: "Products", link: { to: "/settings/products" } },
  { label: "Trust", link: { to: "/settings/trust" } },
  { label: "Enrolment tokens", link: { to: "/settings/enrolment-tokens" } },
  { label: "Other clients", link: { to: "/settings/other-clients" } },
  { label: "People", link: { to: "/settings/people" } },
  { label: "API keys", link: { to: "/settings/api-keys" } },
];

export function SettingsPage() {
  return (
    <>
      <PageHeader title="Settings" />
      <Tabs name="Settings" tabs={TABS} />
      <Outlet />
    </>
  );
}
