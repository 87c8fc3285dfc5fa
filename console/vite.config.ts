import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** React and what sign-in needs stand apart, so that nobody loads the desk before they are let in. */
const BASE = /node_modules\/(react|react-dom|scheduler|i18next|react-i18next)\//;

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    target: 'es2023',
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'base', test: BASE }] },
      },
    },
  },
  server: {
    proxy: { '/api': { target: 'http://127.0.0.1:8080', changeOrigin: false } },
  },
});
