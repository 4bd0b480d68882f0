// Memory over 500 frames, and CPU time of a step beside Python's.
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {expect, test} from '@playwright/test';
import {box, open, settled} from './page';
import {renderer} from './processes';
import {serve} from './server';

test('memory stays flat over 1000 frames', async ({page}) => {
  test.setTimeout(900000);
  const served = await serve(false);
  await open(page, served, '&video=/input/long.webm');
  expect(await page.evaluate(() => window.ttvos.source!.times.length)).toBeGreaterThan(1000);
  // Chromium keeps decoded pictures in memory that it may discard, up to 512 MB. That is filled first.
  for (let before = 0, round = 0; round < 12 && renderer().megabytes - before > 10; round++) {
    before = renderer().megabytes;
    await page.evaluate(async () => { for (let i = 0; i < 250; i++) await window.ttvos.pixels(i); });
  }
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [55, 160, 113, 46]);
  await page.getByRole('button', {name: 'Track', exact: true}).click();
  const at = async (frames: number) => {
    await page.waitForFunction((count) => window.ttvos.masks.size >= count || !window.ttvos.busy, frames, {timeout: 0});
    return {...await page.evaluate(() => window.ttvos.memory()), ...renderer()};
  };
  const early = await at(60), late = await at(1020);
  await settled(page);
  expect(await page.evaluate(() => window.ttvos.problem)).toBe(''); // the worker counts its tensors after each frame
  console.log(`wasm heap ${early.heap / 2 ** 20} -> ${late.heap / 2 ** 20} MB, renderer ${early.megabytes.toFixed(0)} -> ${late.megabytes.toFixed(0)} MB`);
  expect(late.heap).toBe(early.heap);
  // Kept tensors of one kind alone would be 120 to 430 MB here.
  expect(late.megabytes - early.megabytes).toBeLessThan(50);
  await page.close();
  await served.close();
});

/**
 * The engine computes 16 bytes at once, as WebAssembly can. V8 multiplies int8 with AVX-VNNI, where the processor has it; without,
 * it takes twice the time. Python's engine takes 32 bytes at once, and 64 where there is AVX-512.
 */
const has = (flag: string) => new RegExp(`\\b${flag}\\b`).test(readFileSync('/proc/cpuinfo', 'utf8'));
const MOST = !has('avx_vnni') ? 9 : has('avx512_vnni') ? 4.5 : 2.2;

test(`a step costs at most ${MOST} times Python’s CPU time @cost`, async ({page}) => {
  test.setTimeout(300000);
  const served = await serve(false), COUNT = 40; // one thread: several wait for one another when the machine is busy
  await open(page, served);
  const threads = await page.evaluate(() => window.ttvos.engine!.threads);
  await page.evaluate((count) => window.ttvos.steps(count).then(() => null), 2 * COUNT); // compiled again meanwhile
  const ratios: number[] = [];
  for (let round = 0; round < 3; round++) {
    const python = +execFileSync(process.env['PYTHON'] ?? 'python3', ['test/time_steps.py', String(threads), String(COUNT)], {stdio: ['ignore', 'pipe', 'ignore']}).toString();
    const before = renderer().cpu;
    const times = await page.evaluate((count) => window.ttvos.steps(count), COUNT);
    const here = (renderer().cpu - before) / COUNT;
    ratios.push(here / python);
    console.log(`${threads} threads: CPU ${here.toFixed(1)} ms a step, Python ${python.toFixed(1)}, ratio ${(here / python).toFixed(2)}; p50 ${times.sort((a, b) => a - b)[COUNT / 2]!.toFixed(1)} ms`);
  }
  expect(ratios.sort((a, b) => a - b)[1]).toBeLessThanOrEqual(MOST);
  await page.close();
  await served.close();
});
