import { defineConfig } from "vite";

// The server reads .vite/manifest.json to find the entry; pages work without any of this.
export default defineConfig({
  publicDir: false,
  base: "./",
  build: {
    outDir: "server/web/static/dist",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: { input: "frontend/app.ts" },
  },
});
