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

test('says how far it is and how long a frame takes, stops at any time, and goes on from there', async ({page}) => {
  await open(page, served, '&video=/input/long.webm');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [55, 160, 113, 46]);
  const until = (count: number) => page.waitForFunction((least) => window.ttvos.masks.size >= least, count);
  const stop = async () => {
    await page.getByRole('button', {name: 'Stop'}).click();
    await settled(page);
    return page.evaluate(() => window.ttvos.index);
  };
  const shown = (index: number) => page.evaluate((at) => [...window.ttvos.labels(at)].reduce((sum, label) => sum + label, 0), index);
  await page.getByRole('button', {name: 'Track', exact: true}).click();
  await expect(page.getByRole('progressbar', {name: 'Tracking'})).toBeVisible();
  await until(5);
  const stopped = await stop();
  expect(stopped).toBeGreaterThan(3);
  expect(stopped).toBeLessThan(1000);
  await expect(page.getByText(/\d+ ms a frame, p90 \d+ ms/)).toBeVisible();
  const before = await shown(stopped);
  await page.getByRole('button', {name: 'Track on from here', exact: true}).click();
  await until(stopped + 8);
  expect(await stop()).toBeGreaterThan(stopped + 6);
  expect(await shown(stopped)).toBe(before);
});

test('a tab in the background goes on, and says that it was there', async ({page}) => {
  await open(page, served, '&video=/input/clip40.webm');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await box(page, [111, 320, 226, 91]);
  await page.getByRole('button', {name: 'Track', exact: true}).click();
  await page.waitForFunction(() => window.ttvos.masks.size > 2);
  // No headless page is ever hidden: it is frozen, as browsers do with tabs that are, and told so.
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', {value: true});
    document.dispatchEvent(new Event('visibilitychange'));
  });
  const browser = await page.context().newCDPSession(page);
  await browser.send('Page.setWebLifecycleState', {state: 'frozen'});
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await browser.send('Page.setWebLifecycleState', {state: 'active'});
  await settled(page);
  await expect(page.getByText('This tab was in the background')).toBeVisible();
  expect(await page.evaluate(() => [window.ttvos.problem, window.ttvos.masks.size])).toEqual(['', 40]);
});

test('without the headers it runs on one thread, and gives the same masks', async ({page}) => {
  const masks = async () => {
    await give(page, 'folder', input('images'));
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await box(page, [111, 320, 226, 91]);
    await track(page);
    return page.evaluate(() => [...window.ttvos.masks].map(([index, runs]) => [index, ...runs]));
  };
  await open(page, served);
  expect(await page.evaluate(() => [crossOriginIsolated, window.ttvos.engine!.threads > 1])).toEqual([true, true]);
  const isolated = await masks();
  await served.close();
  served = await serve(false);
  await open(page, served);
  expect(await page.evaluate(() => [crossOriginIsolated, window.ttvos.engine!.threads, window.ttvos.check!.iou > 0.98])).toEqual([false, 1, true]);
  await page.getByRole('button', {name: 'About'}).click();
  await expect(page.getByRole('dialog')).toContainText('One thread: the server does not send');
  await page.keyboard.press('Escape');
  expect(await masks()).toEqual(isolated);
});

test('a video that is dropped on the page is opened', async ({page}) => {
  await open(page, served);
  await page.evaluate((base64) => {
    const transfer = new DataTransfer(), content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([content], 'dropped.mp4'));
    for (const kind of ['dragover', 'drop']) {
      document.querySelector('main')!.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }
  }, readFileSync(input('h264.mp4')).toString('base64'));
  await page.waitForFunction(() => window.ttvos.picture);
  await settled(page);
  expect(await page.evaluate(() => [window.ttvos.source!.name, window.ttvos.source!.times.length])).toEqual(['dropped.mp4', 10]);
});

test.describe('with a finger', () => {
  test.use({hasTouch: true, viewport: {width: 390, height: 844}});

  test('boxes and strokes are drawn, and the page stays where it is', async ({page}) => {
    await open(page, served);
    await give(page, 'video', input('h264.mp4'));
    const touch = await page.context().newCDPSession(page), place = (await page.locator('.stage svg').boundingBox())!;
    const draw = async (...path: [number, number][]) => {
      const at = ([x, y]: [number, number]) => [{x: place.x + x * place.width / 854, y: place.y + y * place.height / 480}];
      await touch.send('Input.dispatchTouchEvent', {type: 'touchStart', touchPoints: at(path[0]!)});
      for (const point of path.slice(1)) await touch.send('Input.dispatchTouchEvent', {type: 'touchMove', touchPoints: at(point)});
      await touch.send('Input.dispatchTouchEvent', {type: 'touchEnd', touchPoints: []});
    };
    await draw([111, 320], [220, 360], [337, 411]);
    const given = () => page.evaluate(() => window.ttvos.given(1));
    await expect.poll(async () => (await given())?.kind).toBe('box');
    const drawn = await given(), sides = drawn?.kind === 'box' ? drawn.box : [];
    for (const [i, side] of [111, 320, 226, 91].entries()) expect(Math.abs(sides[i]! - side)).toBeLessThan(4); // a pixel here is two there
    await page.getByRole('button', {name: /^Brush/}).tap();
    await draw([600, 60], [620, 100], [600, 140]);
    await expect.poll(async () => (await given())?.kind).toBe('mask');
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await track(page);
    expect(await page.evaluate(() => window.ttvos.masks.size)).toBe(10);
  });
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

test('without a GPU it is said why, and the processor goes on', async ({page}) => {
  await open(page, served);
  await page.getByRole('button', {name: 'About'}).click();
  await page.getByRole('button', {name: 'Try this machine’s GPU'}).click();
  await settled(page);
  await expect(page.getByRole('dialog')).toContainText('Not used. The browser finds no GPU here that a page may use.');
  await page.evaluate(() => Object.defineProperty(navigator, 'gpu', {value: undefined}));
  await page.getByRole('button', {name: 'Try again'}).click();
  await settled(page);
  await expect(page.getByRole('dialog')).toContainText('Not used. This browser has no WebGPU.');
  expect(await page.evaluate(() => [window.ttvos.state, window.ttvos.engine!.kind])).toEqual(['ready', 'threaded']);
});

test('a damaged model is refused', async ({page}) => {
  await served.close();
  served = await serve(true, (path) => (path.endsWith('.tflite') ? readFileSync(join(OUT, 'expected.json')).subarray(0, 3000) : null));
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
