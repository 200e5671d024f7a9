import { defineConfig } from "vite";

// The service worker of the page at the tank: one script that every browser takes, without imports. Built after the pages.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "server/web/static/dist",
    emptyOutDir: false,
    target: "es2022",
    rollupOptions: {
      input: "frontend/tank_worker.ts",
      output: { format: "iife", entryFileNames: "tank_worker.js" },
    },
  },
});
