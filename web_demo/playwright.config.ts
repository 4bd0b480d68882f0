import {defineConfig} from '@playwright/test';

export default defineConfig({
  testDir: 'test',
  outputDir: 'test/out/playwright',
  workers: 1, // one browser at a time
  timeout: 300000, // for busy machines, as all times here: an idle one needs a tenth
  expect: {timeout: 60000},
  reporter: 'list',
  use: {
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
    },
  },
});
