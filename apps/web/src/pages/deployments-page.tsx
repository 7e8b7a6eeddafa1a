import { PageHeader } from "../ui/page-header.tsx";

export function DeploymentsPage() {
  return <PageHeader title="Deployments" />;
}
