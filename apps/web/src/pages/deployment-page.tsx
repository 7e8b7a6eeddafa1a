import { Outlet } from "@tanstack/react-router";
import { PageHeader } from "../ui/page-header.tsx";

export function DeploymentPage() {
  return (
    <>
      <PageHeader title="Deployment" />
      <Outlet />
    </>
  );
}
