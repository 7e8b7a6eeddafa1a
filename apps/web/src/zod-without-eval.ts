import * as z from "zod";

// Imported before any schema is made: Zod otherwise probes `new Function`, which the content security policy reports.
z.config({ jitless: true });
