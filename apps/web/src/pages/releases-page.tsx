import { PageHeader } from "../ui/page-header.tsx";

export function ReleasesPage() {
  return <PageHeader title="Releases" />;
}
