// The sample clip, tracked and taken home in Chromium; Python compares.
import {execFileSync} from 'node:child_process';
import {expect, test} from '@playwright/test';
import {box, drag, give, open, saved, settled, track} from './page';
import {input, OUT, serve} from './server';

const BOXES = [[111, 320, 226, 91], [553, 42, 104, 138]] as const;

test('masks and all exports equal Python’s', async ({page}) => {
  test.setTimeout(1500000);
  const served = await serve(true);
  await open(page, served, '&video=/input/clip40.webm');
  expect(await page.evaluate(() => window.ttvos.engine!.threads)).toBeGreaterThan(1);

  await test.step('the pixels that the network is given', async () => {
    await page.evaluate(async () => {
      const {times, size: {width, height}} = window.ttvos.source!, rgb = new Uint8Array(times.length * width * height * 3);
      for (let index = 0, to = 0; index < times.length; index++) {
        const rgba = await window.ttvos.pixels(index);
        for (let from = 0; from < rgba.length; from += 4) {
          rgb[to++] = rgba[from]!;
          rgb[to++] = rgba[from + 1]!;
          rgb[to++] = rgba[from + 2]!;
        }
      }
      await fetch('/out/frames.rgb', {method: 'POST', body: rgb});
    });
  });

  await test.step('one object and two, from boxes that are drawn', async () => {
    const [[x, y, width, height]] = BOXES;
    await drag(page, [[x + 9, y + 9], [x + width, y + height]]);
    await box(page, BOXES[0]);
    await page.getByLabel('Name of object 1').fill('Car');
    await page.getByLabel('Colour of Car').fill('#ff0000');
    await track(page);
    await saved(page, 'Masks', 'one_box.zip');
    await page.getByLabel('Frame', {exact: true}).fill('0');
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await box(page, BOXES[1]);
    await expect(page.locator('code')).toContainText('--box 111,320,226,91 --box 553,42,104,138 --model mobilenet_v2_240x432_int8');
    await track(page);
    for (const [button, name] of [
      ['Masks', 'two_boxes.zip'], ['COCO', 'coco.json'], ['Overlay', 'overlay.mp4'], ['Cut-out', 'cutout.webm'],
      ['Blurred', 'blur.mp4'], ['One-coloured', 'colour.mp4'],
    ] as const) await saved(page, button, name);
  });

  await test.step('backwards', async () => {
    for (const name of ['Remove Object 2', 'Remove Car', 'Add']) await page.getByRole('button', {name, exact: true}).click();
    await page.keyboard.press('End');
    await box(page, [313, 300, 310, 130]);
    await page.getByRole('button', {name: 'Backwards'}).click();
    await settled(page);
    await saved(page, 'Masks', 'backwards.zip');
  });

  await test.step('one object and two, from masks, and a correction in the middle', async () => {
    await page.getByRole('button', {name: 'New', exact: true}).click();
    await give(page, 'video', input('clip40.webm'));
    await give(page, 'mask', input('one_mask.png'));
    await track(page);
    await saved(page, 'Masks', 'one_mask.zip');
    await page.keyboard.press('Home');
    await give(page, 'mask', input('first_mask.png'));
    await track(page);
    await saved(page, 'Masks', 'two_masks.zip');
    await page.getByLabel('Frame', {exact: true}).fill('20');
    await page.waitForFunction(() => window.ttvos.index === 20);
    await page.getByRole('button', {name: 'Draw Object 1'}).click();
    await page.keyboard.press('p');
    await drag(page, [[210, 330], [330, 300], [420, 330]]);
    await page.keyboard.press('e');
    await drag(page, [[250, 400], [300, 400]]);
    await page.evaluate(() => fetch('/out/edited.u8', {method: 'POST', body: window.ttvos.labels().slice()}).then(() => null));
    await track(page, 'Track on from here');
    await saved(page, 'Masks', 'corrected.zip');
  });
  await page.context().close();
  await served.close();
  console.log(execFileSync(process.env['PYTHON'] ?? 'python3', ['test/check_exports.py', OUT], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}));
});
