import { useEffect, type ReactNode } from "react";

/** A page outside the frame: one card. */
export function BarePage({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Moult`;
  }, [title]);
  return (
    <main className="flex min-h-screen items-start justify-center bg-raised px-4 py-10 sm:items-center">
      <div className="w-full max-w-lg rounded-xl border border-line bg-page p-6 shadow-sm">
        <p className="mb-4 font-semibold text-soft">moult</p>
        <h1 className="mb-4 text-2xl">{title}</h1>
        {children}
      </div>
    </main>
  );
}
