import "./zod-without-eval.ts";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { present } from "@moult/base";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./server/query-client.ts";
import { router } from "./router.tsx";
import { Toasts } from "./ui/toasts.tsx";

const root = present(document.getElementById("root"), "index.html has the element");

createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Toasts>
          <RouterProvider router={router} />
        </Toasts>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
