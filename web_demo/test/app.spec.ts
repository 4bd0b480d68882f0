// `ttvos app`, as it is called, with a video.
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {expect, test} from '@playwright/test';
import {settled} from './page';
import {input} from './server';

test('ttvos app opens the video that it is given, on several threads', async ({page}) => {
  const app = spawn(process.env['PYTHON'] ?? 'python3', ['-m', 'ttvos_tf.cli', 'app', input('h264.mp4'), '--port', '0', '--no-open'], {stdio: ['ignore', 'pipe', 'inherit']});
  try {
    const [line] = await new Promise<string[]>((resolve) => { createInterface(app.stdout).once('line', (text) => resolve([text])); });
    const address = line!.split(' ')[0]!;
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?video=\/input\/h264\.mp4$/);
    await page.goto(`${address}&debug`);
    await settled(page);
    await page.waitForFunction(() => window.ttvos.picture);
    expect(await page.evaluate(() => {
      const {state, problem, source, engine} = window.ttvos;
      return [state, problem, source!.name, source!.times.length, engine!.threads > 1];
    })).toEqual(['ready', '', 'h264.mp4', 10, true]);
    const policy = (await (await page.request.get(address)).headers())['content-security-policy']!;
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).not.toContain("'unsafe-eval'");
  } finally {
    app.kill('SIGINT');
  }
  expect(await new Promise((resolve) => app.once('exit', resolve))).toBe(0);
});
