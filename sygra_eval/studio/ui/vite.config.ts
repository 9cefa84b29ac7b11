import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Names without hashes: a rebuild is a change of a file and not another file.
const names = {
  entryFileNames: 'assets/[name].js',
  chunkFileNames: 'assets/[name].js',
  assetFileNames: 'assets/[name][extname]',
};

export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: '../static',
    emptyOutDir: true,
    target: 'es2022',
    license: true,
    chunkSizeWarningLimit: 900,
    rollupOptions: { output: names },
  },
  worker: { format: 'es', rollupOptions: { output: names } }, // a file of its own: the CSP takes no blob
  server: { proxy: { '/api': 'http://127.0.0.1:8765' } },
  test: { environment: 'node', include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
