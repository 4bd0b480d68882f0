// What the browser tests share: the page, ready and watched for errors.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, type Page} from '@playwright/test';
import type {Session} from '../src/page/session';
import {OUT, type Served} from './server';

declare global { interface Window { ttvos: Session } }

// LiteRT writes all its lines as errors; without a GPU there is a warning.
const HARMLESS = /^((INFO|WARNING|VERBOSE): |[IW]\d{4} |ERROR: Following operations are not supported by GPU)|Operation is not supported\.$|operations will run on the GPU|Failed to create default WebGPU device/;

/** Opens the page, waits for its self-check, and fails the test on any error of the console that is the page's. */
export async function open(page: Page, served: Served, query = ''): Promise<void> {
  page.on('console', (message) => {
    if (message.type() === 'error' && !HARMLESS.test(message.text())) throw new Error(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => { throw error; });
  await page.goto(`${served.url}?debug${query}`);
  await settled(page);
  expect(await page.evaluate(() => [window.ttvos.state, window.ttvos.problem])).toEqual(['ready', '']);
  if (query.includes('video=')) await page.waitForFunction(() => window.ttvos.picture);
}

/** Waits until nothing is being done. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => window.ttvos && window.ttvos.state !== 'loading' && !window.ttvos.busy);
}

export async function track(page: Page, button = 'Track'): Promise<void> {
  await page.getByRole('button', {name: button, exact: true}).click();
  await settled(page);
  await expect(page.getByRole('alert')).toHaveCount(0);
}

/** Presses a button of "Take home", and keeps the file in OUT. */
export async function saved(page: Page, button: string, name: string): Promise<void> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', {name: button}).click();
  await (await coming).saveAs(join(OUT, name));
  await settled(page);
}

/** Drags over the frame; points are in its pixels. */
export async function drag(page: Page, points: readonly (readonly [number, number])[]): Promise<void> {
  const place = (await page.locator('.stage svg').boundingBox())!;
  const {width, height} = await page.evaluate(() => window.ttvos.source!.size);
  const at = ([x, y]: readonly [number, number]): [number, number] => [place.x + x * place.width / width, place.y + y * place.height / height];
  await page.mouse.move(...at(points[0]!));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), {steps: 6});
  await page.mouse.up();
}

export async function box(page: Page, sides: readonly number[]): Promise<void> {
  const fields = page.locator('fieldset input');
  if (!await fields.count()) await page.getByRole('button', {name: 'Box by numbers'}).click();
  for (const [i, side] of sides.entries()) {
    await fields.nth(i).fill(String(side));
    await fields.nth(i).press('Tab');
  }
}

export async function give(page: Page, way: 'video' | 'folder' | 'mask', files: string | string[]): Promise<void> {
  await page.locator(`input[data-way=${way}]`).setInputFiles(files);
  await settled(page);
}

export async function screenshot(page: Page, name: string): Promise<void> {
  writeFileSync(join(OUT, name), await page.screenshot());
}
