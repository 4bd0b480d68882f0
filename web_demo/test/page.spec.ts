// What a person meets on the page: ways in, bad input, keys, screen readers, no connection, no headers.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import {expect, type Page, test} from '@playwright/test';
import {box, drag, give, open, screenshot, settled, track} from './page';
import {input, OUT, type Served, serve} from './server';

let served: Served;
test.beforeEach(async () => { served = await serve(true); });
test.afterEach(async ({page}) => {
  await page.close();
  await served.close();
});

const problem = (page: Page, text: RegExp | string) => expect(page.getByRole('alert')).toContainText(text);

test('bad input gets a sentence, and the page goes on', async ({page}) => {
  await open(page, served);
  for (const [name, said] of [
    ['mpeg4.mp4', /MPEG-4 PART 2 .*does not play/], ['huge.webm', /5120x2880: frames may have up to 4096x2304/], ['empty.mp4', 'is empty'],
    ['text.mp4', 'is not a video that is read here'], ['cut.png', 'cannot be read as an image'],
  ] as const) {
    if (name === 'empty.mp4') writeFileSync(input(name), '');
    if (name === 'text.mp4') writeFileSync(input(name), 'no video at all');
    await give(page, 'video', input(name));
    await problem(page, said);
    await expect(page.getByRole('button', {name: 'Try the sample clip'})).toBeEnabled();
  }
  await give(page, 'video', input('h264.mp4'));
  await expect(page.getByRole('alert')).toHaveCount(0);
  for (const [name, said] of [
    ['small.png', '300x200, but the frame is 854x480'], ['photo.png', '8-bit PNG of one channel'], ['cut.png', 'damaged'],
  ] as const) {
    await give(page, 'mask', input(name));
    await problem(page, said);
  }
  await page.keyboard.press('t');
  await problem(page, 'There is nothing to track yet');
  await drag(page, [[300, 300], [300, 300]]);
  await problem(page, 'That box covers nothing');
  await page.getByRole('button', {name: 'Close the message'}).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('no camera, and a refused one', async ({page}) => {
  await open(page, served);
  await page.getByRole('button', {name: 'The camera'}).click();
  await expect(page.getByRole('alert')).toContainText(/There is no camera|The camera was refused/);
  await page.getByRole('button', {name: 'Cancel'}).click();
  for (const [name, said] of [['NotAllowedError', 'The camera was refused'], ['NotReadableError', 'Another program']] as const) {
    await page.evaluate((error) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', error)); }, name);
    await page.getByRole('button', {name: 'The camera'}).click();
    await expect(page.getByRole('alert')).toContainText(said);
    await page.keyboard.press('Escape');
  }
});

test('a folder of images, by the keyboard alone', async ({page}) => {
  await open(page, served);
  await give(page, 'folder', input('images'));
  expect(await page.evaluate(() => window.ttvos.source!.names)).toEqual(['frame8', 'frame9', 'frame10', 'frame11', 'frame12']);
  await page.keyboard.press('n');
  await page.getByRole('button', {name: 'Box by numbers'}).focus();
  await page.keyboard.press('Enter');
  await box(page, [111, 320, 226, 91]);
  await page.locator('h1').click();
  await page.keyboard.press('t');
  await settled(page);
  await expect(page.getByRole('img', {name: /Object 1: tracked in 5 of 5 frames; given in frame 0/})).toBeVisible();
  expect(await page.evaluate(() => window.ttvos.labels(4).filter((label) => label === 1).length)).toBeGreaterThan(8000);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  expect(await page.evaluate(() => window.ttvos.index)).toBe(1);
  await page.keyboard.press('Control+z');
  expect(await page.evaluate(() => window.ttvos.given(1, 0))).not.toEqual({kind: 'box', box: [111, 320, 226, 91]});
  await page.keyboard.press('Control+y');
  expect(await page.evaluate(() => window.ttvos.given(1, 0))).toEqual({kind: 'box', box: [111, 320, 226, 91]});
});

test('stops at any time, and goes on from there', async ({page}) => {
  await open(page, served, '&video=/input/clip40.webm');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [111, 320, 226, 91]);
  await page.getByRole('button', {name: 'Track', exact: true}).click();
  await page.waitForFunction(() => window.ttvos.masks.size > 4);
  await page.getByRole('button', {name: 'Stop'}).click();
  await settled(page);
  const stopped = await page.evaluate(() => window.ttvos.index);
  expect(stopped).toBeGreaterThan(3);
  expect(stopped).toBeLessThan(39);
  const before = await page.evaluate(() => [...window.ttvos.labels()].reduce((sum, label) => sum + label, 0));
  await track(page, 'Track on from here');
  expect(await page.evaluate(() => window.ttvos.masks.size)).toBe(40);
  const after = await page.evaluate((at) => [...window.ttvos.labels(at)].reduce((sum, label) => sum + label, 0), stopped);
  expect(after).toBe(before);
});

test('without the headers it runs on one thread, and gives the same masks', async ({page}) => {
  await served.close();
  served = await serve(false);
  await open(page, served);
  expect(await page.evaluate(() => [crossOriginIsolated, window.ttvos.engine!.threads, window.ttvos.check!.iou > 0.98])).toEqual([false, 1, true]);
  await page.getByRole('button', {name: 'About'}).click();
  await expect(page.getByRole('dialog')).toContainText('One thread: the server does not send');
});

test('threads that do not start in time are done without', async ({page}) => {
  await served.close();
  const silent = Buffer.from('self.ModuleFactory = () => new Promise(() => {});');
  served = await serve(true, (path) => (path.endsWith('threaded_internal.js') ? silent : null));
  await open(page, served);
  expect(await page.evaluate(() => [crossOriginIsolated, window.ttvos.engine!.threads])).toEqual([true, 1]);
});

test('without a server after the first load', async ({page}) => {
  await open(page, served);
  await expect.poll(() => page.evaluate(async () => {
    const opened = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const kept = (await Promise.all(opened.map((cache) => cache.keys()))).flat().map(({url}) => url);
    return ['threaded_internal.wasm', '.tflite', 'sample.webm', 'models.json'].filter((end) => !kept.some((url) => url.endsWith(end)));
  }), {timeout: 60000}).toEqual([]);
  await served.close();
  await page.reload();
  await settled(page);
  expect(await page.evaluate(() => [window.ttvos.state, window.ttvos.engine!.threads > 1])).toEqual(['ready', true]);
  await page.getByRole('button', {name: 'Try the sample clip'}).click();
  await page.waitForFunction(() => window.ttvos.picture);
});

test('a damaged model is refused', async ({page}) => {
  await served.close();
  served = await serve(true, (path) => (path.endsWith('.tflite') ? readFileSync(join(OUT, 'resize.json')).subarray(0, 3000) : null));
  await page.goto(`${served.url}?debug`);
  await problem(page, /Not ready: .*\.tflite is damaged: its SHA-256 is not the listed one/);
  await expect(page.getByRole('button', {name: 'Try the sample clip'})).toBeDisabled();
});

test('an engine that computes something else is refused', async ({page}) => {
  await served.close();
  const wrong = readFileSync(join(OUT, 'input', 'wrong_check.png'));
  served = await serve(true, (path) => (/selfcheck\/.*_int8\.png$/.test(path) ? wrong : null));
  await page.goto(`${served.url}?debug`);
  await problem(page, /Not ready: masks of a stored frame are not those that they should be \(IoU 0\.\d+, 0.98 asked\)/);
});

for (const [scheme, width, height] of [['light', 1360, 850], ['dark', 820, 1180], ['light', 390, 844]] as const) {
  test(`no serious fault for assistive technology, ${scheme}, ${width} wide`, async ({page}) => {
    await page.emulateMedia({colorScheme: scheme});
    await page.setViewportSize({width, height});
    await open(page, served);
    await faultless(page);
    await screenshot(page, `start_${width}_${scheme}.png`);
    await page.getByRole('button', {name: 'Try the sample clip'}).click();
    await page.waitForFunction(() => window.ttvos.picture);
    await track(page);
    await page.getByLabel('Frame', {exact: true}).fill('44');
    await page.waitForFunction(() => window.ttvos.index === 44);
    await settled(page);
    await page.waitForTimeout(300);
    await faultless(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await screenshot(page, `studio_${width}_${scheme}.png`);
    await page.getByRole('button', {name: 'About'}).click();
    await expect(page.getByRole('dialog')).toContainText('as built');
    await page.getByText('The texts').click();
    await expect(page.locator('pre')).toContainText('Mozilla Public License');
    await faultless(page);
  });
}

async function faultless(page: Page): Promise<void> {
  const {violations} = await new AxeBuilder({page}).analyze();
  const serious = violations.filter(({impact}) => impact === 'serious' || impact === 'critical');
  expect(serious.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html.slice(0, 120)).join(' | ')}`)).toEqual([]);
}
