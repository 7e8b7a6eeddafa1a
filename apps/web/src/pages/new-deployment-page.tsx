import { PageHeader } from "../ui/page-header.tsx";

export function NewDeploymentPage() {
  return <PageHeader title="New deployment" />;
}
